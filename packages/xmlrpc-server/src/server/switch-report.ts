/** How a server went over from one implementation to the other. */
export interface SwitchReport {
  readonly from: 'loop' | 'thread'
  readonly to: 'loop' | 'thread'
  /**
   * For how long at most the port was nobody's, so that connections were refused, in milliseconds. 0 when it was shared.
   * Not told are connections that waited to be taken when the old engine closed its port: the system resets them, unseen.
   */
  readonly refusedMs: number
  /** Requests that the old engine answered after the new one had taken the port. */
  readonly drained: number
  /** Requests that the old engine had to cut off; none of them was acknowledged. */
  readonly aborted: number
}

/** How a server is to go over to the other implementation. */
export interface SwitchOptions {
  /** How long requests that are under way, and connections without one, may take to end. Default 5000 ms. */
  readonly drainMs?: number
  /**
   * How long connections without a request are kept, to be told with their next answer that they end. Default 500 ms.
   */
  readonly idleGraceMs?: number
}
