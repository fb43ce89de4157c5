import type { PlainThrown } from '../errors/plain-error.ts'

/** Tags of what the facade sends. */
export const Down = {
  call: 0,
  cancel: 1,
  answer: 2,
  answerError: 3,
  observe: 4,
  taken: 5,
  close: 6,
} as const

/**
 * What the facade sends to the engine, as tuples: they are cheaper to clone than objects. Deadlines are moments of the
 * clock that all threads share, so that the way through the lane counts; levels are indexes into `LOG_LEVELS`.
 */
export type DownMessage =
  | readonly [tag: typeof Down.call, id: number, command: string, input: unknown, deadline: number | undefined]
  | readonly [tag: typeof Down.cancel, id: number]
  | readonly [tag: typeof Down.answer, id: number, value: unknown]
  | readonly [tag: typeof Down.answerError, id: number, error: PlainThrown]
  | readonly [tag: typeof Down.observe, level: number, diagnostics: boolean]
  /** The facade has delivered the latest event of that slot. */
  | readonly [tag: typeof Down.taken, slot: number]
  | readonly [tag: typeof Down.close]

/** Tags of what the engine sends. */
export const Up = {
  event: 0,
  latest: 1,
  reply: 2,
  replyError: 3,
  ask: 4,
  askCancel: 5,
  log: 6,
  diagnostic: 7,
  dropped: 8,
  started: 9,
  failed: 10,
} as const

/** What the engine sends to the facade: one ordered stream. Events are indexes into the names that both ends know. */
export type UpMessage =
  | readonly [tag: typeof Up.event, event: number, data: unknown]
  | readonly [tag: typeof Up.latest, event: number, data: unknown, slot: number]
  | readonly [tag: typeof Up.reply, id: number, value: unknown]
  | readonly [tag: typeof Up.replyError, id: number, error: PlainThrown]
  | readonly [tag: typeof Up.ask, id: number, question: string, input: unknown, deadline: number | undefined]
  | readonly [tag: typeof Up.askCancel, id: number]
  | readonly [tag: typeof Up.log, level: number, fields: CrossingFields, message: string]
  | readonly [tag: typeof Up.diagnostic, name: string, data: CrossingFields]
  | readonly [tag: typeof Up.dropped, event: number, count: number]
  | readonly [tag: typeof Up.started]
  /** The engine could not be made, or could not be disposed of. */
  | readonly [tag: typeof Up.failed, error: PlainThrown]

/** Fields of a log line or diagnostic: plain ones, and errors apart from them. */
export interface CrossingFields {
  readonly plain: Readonly<Record<string, unknown>>
  readonly errors?: Readonly<Record<string, PlainThrown>>
}

/** Stands for log lines and diagnostics where drops are counted by event. */
export const OBSERVATIONS = -1
/** The name under which dropped log lines and diagnostics are reported. */
export const OBSERVATIONS_NAME = '(observations)'
