/** What may be left behind. */
export type LeakKind =
  | 'timer'
  | 'immediate'
  | 'socket'
  | 'server'
  | 'datagram'
  | 'pipe'
  | 'worker'
  | 'child'
  | 'port'
  | 'watcher'
  | 'file'
  | 'listener'
  | 'other'

/** One thing that outlived the code that made it. */
export interface Leak {
  readonly kind: LeakKind
  /** What it is, with its address, process id or event name. */
  readonly what: string
  /** Stack frames of the code that made it, innermost first; empty when the runtime made it by itself. */
  readonly createdAt: readonly string[]
}
