import type { PlainThrown } from '../errors/index.ts'

/**
 * What a poster sends: `[what, …]`. From 0 on `what` is the number of a handler's name, then comes the number of the
 * call (0 for an event) and the arguments.
 */
export type UpItem = readonly [what: number, ...rest: unknown[]]

/** `[NAME, number, name]` gives a handler's name a number. */
export const NAME = -1
/** `[CANCEL, call]`: the caller gave up. */
export const CANCEL = -2
/** `[SENT_AT, ms]`: when the next item was accepted, by the clock that all threads share. */
export const SENT_AT = -3
/** `[REFUSED, name, why]`: an event was left out because it cannot cross a thread. */
export const REFUSED = -4

/** Names are numbered again from 0 after this many, so that neither side remembers them without bound. */
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
