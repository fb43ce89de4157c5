import { CircuitBreaker, consecutive } from '@x/loop-utils/breaker'
import { Semaphore } from '@x/loop-utils/concurrency'
import { compose, timeoutPolicy } from '@x/loop-utils/policy'
import { retry, retryPolicy } from '@x/loop-utils/retry'

const answer: Promise<number> = retry(async ({ signal }) => (signal.aborted ? 0 : 42), { maxAttempts: 3 })
const policy = compose(retryPolicy(), new CircuitBreaker({ trip: consecutive(5) }), timeoutPolicy(1000))
const text: Promise<string> = policy.execute(async () => 'done')
const slots = new Semaphore(2)
const last: Promise<boolean> = slots.run(async () => true)

// @ts-expect-error a number of attempts is no text
const wrong = retry(async () => 1, { maxAttempts: 'three' })

export const all = [answer, text, last, wrong] as const
