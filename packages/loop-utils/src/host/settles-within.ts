import type { Clock, Timer } from '../clock/clock.ts'

/** Whether `promise`, which must not reject, settles within `ms`. Leaves no timer. */
export function settlesWithin(promise: Promise<unknown>, ms: number, clock: Clock): Promise<boolean> {
  return new Promise((resolve) => {
    const timer: Timer = clock.setTimer(() => resolve(false), ms)
    void promise.then(() => {
      timer[Symbol.dispose]()
      resolve(true)
    })
  })
}
