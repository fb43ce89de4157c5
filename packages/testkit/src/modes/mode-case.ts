/**
 * One way to run a service whose I/O may live in a worker. `mode` and `copy` are meant to be passed on as options of
 * the service (or of its engine host).
 */
export interface ModeCase {
  readonly mode: 'loop' | 'thread'
  /**
   * What happens to each message between facade and engine in `loop` mode: nothing, or the cloning and freezing that
   * shows most of what a thread would.
   */
  readonly copy: 'none' | 'clone-and-freeze'
  /** Shown in the test's name. */
  readonly label: string
}

/** The three ways in which an integration test runs. */
export const MODE_CASES: readonly [ModeCase, ModeCase, ModeCase] = [
  { mode: 'loop', copy: 'none', label: 'loop' },
  { mode: 'loop', copy: 'clone-and-freeze', label: 'loop, cloned and frozen' },
  { mode: 'thread', copy: 'none', label: 'thread' },
]
