import { ACKNOWLEDGED_ARITY } from './acknowledged.ts'
import type { Crossing, PlainData, Special } from './crossing.ts'

/** What the cells cannot say of a call. */
export interface CallNote {
  /** Which one of the calls it is, from 0. */
  readonly call: number
  /** How many callbacks it counts as, if more than one: as many as its document is long in units of 4 KiB. */
  readonly weight?: number
  readonly specials?: readonly Special[]
}

/**
 * Calls that were acknowledged before anybody handled them, in their order on the wire: of each the method and its
 * parameters, of which every method has a fixed number. One flat list crosses a thread in a third of the time that an
 * object for each call takes.
 */
export interface CallCells {
  readonly cells: readonly PlainData[]
  readonly notes?: readonly CallNote[]
}

/** A call that was acknowledged before anybody handled it. */
export interface AcknowledgedCall {
  readonly method: string
  readonly params: Crossing
  readonly weight?: number
}

/** Collects calls as cells. */
export class CallCellsWriter {
  #cells: PlainData[] = []
  #notes: CallNote[] = []
  #count = 0

  /** How many calls there are. */
  get count(): number {
    return this.#count
  }

  add(method: string, { data, specials }: Crossing, weight: number): void {
    this.#cells.push(method)
    for (const param of data as readonly PlainData[]) this.#cells.push(param)
    if (weight > 1 || specials !== undefined) {
      const note = specials === undefined ? {} : { specials }
      this.#notes.push({ call: this.#count, weight, ...note })
    }
    this.#count++
  }

  /** What was collected; begins anew. */
  take(): CallCells {
    const calls = this.#notes.length === 0 ? { cells: this.#cells } : { cells: this.#cells, notes: this.#notes }
    this.#cells = []
    this.#notes = []
    this.#count = 0
    return calls
  }
}

/** The calls of cells, in order. */
export function readCallCells({ cells, notes = [] }: CallCells): AcknowledgedCall[] {
  const calls: AcknowledgedCall[] = []
  let noted = 0
  for (let at = 0; at < cells.length;) {
    const method = cells[at] as string
    const end = at + 1 + (ACKNOWLEDGED_ARITY.get(method) ?? 0)
    const data = cells.slice(at + 1, end)
    const note = notes[noted]
    if (note?.call === calls.length) {
      const { specials, weight = 1 } = note
      calls.push({ method, params: specials === undefined ? { data } : { data, specials }, weight })
      noted++
    } else calls.push({ method, params: { data } })
    at = end
  }
  return calls
}
