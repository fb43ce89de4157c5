/** How the program ends: all went well (also when it was told to stop), something failed, it was called wrongly. */
export const EXIT = { ok: 0, failure: 1, usage: 2 } as const

/** One of the exit codes. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]
