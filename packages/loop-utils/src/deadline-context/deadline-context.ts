import { AsyncLocalStorage } from 'node:async_hooks'
import { checkDeadline, checkFunction } from '../errors/option-checks.ts'
import { OptionError } from '../errors/option-error.ts'
import type { Deadline } from '../timeout/deadline.ts'

const storage = new AsyncLocalStorage<Deadline>()

/**
 * Calls `fn`, and lets all that it calls and awaits learn of the deadline by {@link currentDeadline}, however deep. Within
 * another deadline the nearer of both holds: nothing inside can have more time than what is around it. It does not end `fn`
 * by itself; give the deadline to a policy, or to what waits. Throws what `fn` throws.
 *
 * It costs as much as node's AsyncLocalStorage does, and that only in programs that import this entry.
 *
 * @throws OptionError when `deadline` is no Deadline or `fn` no function
 * @example
 * await withDeadline(Deadline.after(5000), () => handle(request))
 * // anywhere within
 * await retry(send, { deadline: currentDeadline() })
 */
export function withDeadline<T>(deadline: Deadline, fn: () => T): T {
  checkFunction('fn', fn)
  const given = checkDeadline('deadline', deadline)
  if (given === undefined) throw new OptionError('deadline', given, 'a Deadline, such as Deadline.after(1000)')
  return storage.run(currentDeadline()?.min(given) ?? given, fn)
}

/** The deadline of the nearest {@link withDeadline} around; undefined outside of all. */
export function currentDeadline(): Deadline | undefined {
  return storage.getStore()
}
