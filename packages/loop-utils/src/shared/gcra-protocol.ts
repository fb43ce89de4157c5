import { FIRST_LONG } from './atomic-memory.ts'
import type { Protocol, SharedMemory } from './shared-memory.ts'

/**
 * The theoretical arrival time, in nanoseconds: when the limiter will be as good as new (GCRA, the generic cell rate
 * algorithm of ITU-T I.371, 2004, in its virtual scheduling form).
 */
export const ARRIVAL: number = FIRST_LONG

export interface GcraSettings {
  /** Nanoseconds that one permit takes. */
  readonly interval: bigint
  /** Permits that may come at once. */
  readonly burst: number
}

export interface RateRequest {
  /** In nanoseconds. */
  readonly now: bigint
  /** Permits asked for. */
  readonly n: number
}

/** A turn that was reserved. */
export interface RateTurn {
  /** Nanoseconds until then. */
  readonly delay: bigint
  /** The arrival time before it was reserved, and after. */
  readonly before: bigint
  readonly next: bigint
}

/**
 * Takes `n` permits at the time `now`. Returns how many nanoseconds to wait before there are as many; 0 when they
 * were taken.
 *
 * In any time `t`, as the callers read it, at most `burst + t / interval` permits are taken, whatever the order of their
 * steps: each exchange moves the arrival time on by the permits' share, from at least `now`, and to at most
 * `now + burst * interval`.
 */
export function* takeFromRate(memory: SharedMemory, request: RateRequest, settings: GcraSettings): Protocol<bigint> {
  for (;;) {
    yield
    const arrival = memory.loadLong(ARRIVAL)
    const { next, wait } = weigh(arrival, request, settings)
    if (wait > 0n) return wait
    yield
    if (memory.compareExchangeLong(ARRIVAL, arrival, next) === arrival) return 0n
  }
}

/**
 * Takes `n` permits for a turn in the future, if that lies at most `maxDelay` nanoseconds ahead. What is taken counts in
 * its turn: the bound of {@link takeFromRate} holds for the turns.
 */
export function* reserveFromRate(
  memory: SharedMemory,
  request: RateRequest & { readonly maxDelay: bigint },
  settings: GcraSettings,
): Protocol<RateTurn | undefined> {
  for (;;) {
    yield
    const before = memory.loadLong(ARRIVAL)
    const { next, wait } = weigh(before, request, settings)
    if (wait > request.maxDelay) return undefined
    yield
    if (memory.compareExchangeLong(ARRIVAL, before, next) !== before) continue
    return { delay: wait > 0n ? wait : 0n, before, next }
  }
}

/** Gives a turn back, if nobody has taken any permit since. Returns whether that was so. */
export function* cancelTurn(memory: SharedMemory, { before, next }: RateTurn): Protocol<boolean> {
  yield
  return memory.compareExchangeLong(ARRIVAL, next, before) === next
}

/** How long to wait for `n` permits, in nanoseconds, as things are. */
export function waitForRate(arrival: bigint, request: RateRequest, settings: GcraSettings): bigint {
  const { wait } = weigh(arrival, request, settings)
  return wait > 0n ? wait : 0n
}

function weigh(
  arrival: bigint,
  { now, n }: RateRequest,
  { interval, burst }: GcraSettings,
): { readonly next: bigint; readonly wait: bigint } {
  const next = (arrival > now ? arrival : now) + interval * BigInt(n)
  return { next, wait: next - now - interval * BigInt(burst) }
}
