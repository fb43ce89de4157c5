import type { PlainThrown } from '../errors/index.ts'

/**
 * What a poster sends: `[handler, call, …arguments]`. A handler is named once, and takes the next number by that;
 * afterwards the number stands for it. `call` is the number of the call; of an event it is 0, or, for one in
 * {@link AGE_SAMPLING}, the negative time at which it was accepted, by the clock that all threads share. Of a call that is
 * not waited for without end it is a pair: its number, and until when it is, by the same clock.
 *
 * A negative handler is no handler: {@link CANCEL} or {@link REFUSED}.
 */
export type UpItem = readonly [handler: number | string, call: number | TimedCall, ...args: unknown[]]

/** A call and its end. */
export type TimedCall = readonly [call: number, endsAtMs: number]

/** `[CANCEL, call]`: the caller gave up. */
export const CANCEL = -1
/** Stands for what cannot cross a thread; see {@link RefusedItem}. */
export const REFUSED = -2

/** `isNew` when it was the first of its name; then where the fault sits, and what was found there. */
export type RefusedItem = readonly [
  handler: typeof REFUSED,
  call: number,
  name: string,
  isNew: boolean,
  path: string,
  found: string,
]

/** After this many names the numbers begin again at 0, so that neither side remembers names without bound. */
export const MOST_NAMES = 1024

/** What a poster gets: the answer to a call, or the word that the dispatcher closes. */
export type DownItem =
  | readonly [call: number, kind: typeof RESULT, value: unknown]
  | readonly [call: number, kind: typeof FAILURE, error: PlainThrown]
  | readonly [call: 0, kind: typeof CLOSING]

export const RESULT = 0
export const FAILURE = 1
export const CLOSING = 2

/** One in this many items carries the time at which it was accepted. */
export const AGE_SAMPLING = 64
