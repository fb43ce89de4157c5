import type { Clock } from '../clock/clock.ts'
import { systemClock } from '../clock/system-clock.ts'
import { checkMaxWaiting, type WaitingBound } from '../concurrency/waiting-bound.ts'
import { checkClock, checkObject, checkOnEvent, checkText } from '../errors/option-checks.ts'
import type { Observer } from '../observe/observer.ts'

/** What a thread may choose for its own end of a shared object. */
export interface ThreadPrimitiveOptions extends WaitingBound, Observer {
  /** Names it in errors and events. */
  readonly name?: string
  /** What timeouts on the loop are measured by. Default: the system's. */
  readonly clock?: Clock
}

/** Checked, with defaults. */
export type ThreadPrimitiveSettings = Required<Omit<ThreadPrimitiveOptions, 'onEvent'>> & Observer

/** @throws OptionError */
export function checkThreadPrimitive(options: ThreadPrimitiveOptions, defaultName: string): ThreadPrimitiveSettings {
  const { name = defaultName, maxWaiting, clock = systemClock, onEvent } = checkObject(options)
  return {
    name: checkText('name', name),
    maxWaiting: checkMaxWaiting(maxWaiting),
    clock: unreferenced(checkClock(clock)),
    onEvent: checkOnEvent(onEvent),
  }
}

/** The same clock, whose timers do not keep the loop alive: whether a wait does is said by its `ref` option alone. */
function unreferenced(clock: Clock): Clock {
  return {
    now: () => clock.now(),
    wall: () => clock.wall(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
    setTimer: (callback, ms) => clock.setTimer(callback, ms, { ref: false }),
  }
}

/** Stands for a wait whose time was over, where that is an answer and no error. */
export const TIME_IS_UP: unique symbol = Symbol('time is up')

/** Makes the answer of a wait whose time may be over: undefined then. */
export async function unlessTimeIsUp<R>(waiting: Promise<R>): Promise<R | undefined> {
  try {
    return await waiting
  } catch (reason) {
    if (reason === TIME_IS_UP) return undefined
    throw reason
  }
}
