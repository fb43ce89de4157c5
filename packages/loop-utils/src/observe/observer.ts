/** Takes metrics: a stable name `x:<package>:<thing>:<verb>` and plain data. Must be quick; what it throws ends as a warning of the process. */
export type OnEvent = (name: string, data: Readonly<Record<string, unknown>>) => void

/** The option by which an application learns of what happens inside, beside `node:diagnostics_channel`. */
export interface Observer {
  readonly onEvent?: OnEvent | undefined
}
