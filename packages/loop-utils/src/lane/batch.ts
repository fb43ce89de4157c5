/**
 * Structured clone spends most of its time on the keys and headers of small objects. A batch therefore crosses as one
 * flat array of cells: an item that is an array or a plain record is taken apart, and so is a plain record in it whose
 * fields are all scalars; everything else is one cell that structured clone deals with. The keys of a record cross
 * once per lane.
 *
 * batch = count, definitions | null, item…
 * item  = RAW, value | shape number, field…
 * field = scalar | item, as the shape's mask says
 */
export type Batch = unknown[]

/** In the place of a shape number: the next cell is the item. */
export const RAW = -1

/** Cells before the first item. */
export const HEADER_CELLS = 2
