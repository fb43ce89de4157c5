type Cells = readonly unknown[]
type Keys = readonly string[]
type Maker = (keys: Keys, cells: Cells, at: number) => Record<string, unknown>

/** A literal of known size is made in half the time that as many assignments take. */
const MAKERS: readonly Maker[] = [
  () => ({}),
  (keys, cells, at) => ({ [keys[0] as string]: cells[at] }),
  (keys, cells, at) => ({ [keys[0] as string]: cells[at], [keys[1] as string]: cells[at + 1] }),
  (keys, cells, at) => ({
    [keys[0] as string]: cells[at],
    [keys[1] as string]: cells[at + 1],
    [keys[2] as string]: cells[at + 2],
  }),
  (keys, cells, at) => ({
    [keys[0] as string]: cells[at],
    [keys[1] as string]: cells[at + 1],
    [keys[2] as string]: cells[at + 2],
    [keys[3] as string]: cells[at + 3],
  }),
  (keys, cells, at) => ({
    [keys[0] as string]: cells[at],
    [keys[1] as string]: cells[at + 1],
    [keys[2] as string]: cells[at + 2],
    [keys[3] as string]: cells[at + 3],
    [keys[4] as string]: cells[at + 4],
  }),
  (keys, cells, at) => ({
    [keys[0] as string]: cells[at],
    [keys[1] as string]: cells[at + 1],
    [keys[2] as string]: cells[at + 2],
    [keys[3] as string]: cells[at + 3],
    [keys[4] as string]: cells[at + 4],
    [keys[5] as string]: cells[at + 5],
  }),
  (keys, cells, at) => ({
    [keys[0] as string]: cells[at],
    [keys[1] as string]: cells[at + 1],
    [keys[2] as string]: cells[at + 2],
    [keys[3] as string]: cells[at + 3],
    [keys[4] as string]: cells[at + 4],
    [keys[5] as string]: cells[at + 5],
    [keys[6] as string]: cells[at + 6],
  }),
  (keys, cells, at) => ({
    [keys[0] as string]: cells[at],
    [keys[1] as string]: cells[at + 1],
    [keys[2] as string]: cells[at + 2],
    [keys[3] as string]: cells[at + 3],
    [keys[4] as string]: cells[at + 4],
    [keys[5] as string]: cells[at + 5],
    [keys[6] as string]: cells[at + 6],
    [keys[7] as string]: cells[at + 7],
  }),
]

/** The record whose values are the cells from `at` on, in the order of `keys`. */
export function makeRecord(keys: Keys, cells: Cells, at: number): Record<string, unknown> {
  const maker = MAKERS[keys.length]
  if (maker !== undefined) return maker(keys, cells, at)
  const record: Record<string, unknown> = {}
  for (let i = 0; i < keys.length; i++) record[keys[i] as string] = cells[at + i]
  return record
}
