import { checkBoolean, checkFunction, checkInteger, checkSignal } from '../errors/option-checks.ts'
import { OptionError } from '../errors/option-error.ts'
import { ConcurrentMap } from './concurrent-map.ts'

export interface MapConcurrentOptions {
  /** How many items are worked on at a time. Results that nobody has taken yet count, too. */
  readonly concurrency: number
  /** Whether results come in the order of their items, rather than as they are ready. Default true. */
  readonly ordered?: boolean
  /**
   * Whether the first failure ends the iteration by throwing it, and aborts what is on its way. Otherwise the items that
   * failed are left out, and an AggregateError of (the first 1000 of) the failures is thrown at the end. Default true.
   */
  readonly stopOnError?: boolean
  /** Its abort ends the iteration at once by throwing `signal.reason`, and aborts what is on its way. */
  readonly signal?: AbortSignal | undefined
}

/** What the function learns beside its item. */
export interface MapContext {
  /** Aborted when the result is no longer wanted. Made when first read. */
  readonly signal: AbortSignal
  /** Which item of the source this is; from 0. */
  readonly index: number
}

/** The results of a {@link mapConcurrent}. To leave the loop, or to dispose of them, aborts what is on its way. */
export interface ConcurrentResults<R> extends AsyncIterableIterator<R>, AsyncDisposable {
  return(): Promise<IteratorReturnResult<undefined>>
  [Symbol.asyncIterator](): ConcurrentResults<R>
}

/**
 * Calls `fn` for each item of a source, several at a time, and gives the results as they are taken: nothing is read from
 * the source before the first result is asked for, nor more than `concurrency` ahead. Leaving the loop aborts what is on
 * its way and waits until it has ended.
 *
 * @throws OptionError at once when an option is out of range
 * @example
 * for await (const device of mapConcurrent(addresses, (address, { signal }) => probe(address, signal), { concurrency: 32 })) {
 *   found.push(device)
 * }
 */
export function mapConcurrent<T, R>(
  source: Iterable<T> | AsyncIterable<T>,
  fn: (item: Awaited<T>, context: MapContext) => R | PromiseLike<R>,
  options: MapConcurrentOptions,
): ConcurrentResults<R> {
  const plan = {
    source: iteratorOf(source),
    fn: checkFunction('fn', fn),
    concurrency: checkInteger('concurrency', options.concurrency, { min: 1 }),
    isOrdered: checkBoolean('ordered', options.ordered ?? true),
    stopsOnError: checkBoolean('stopOnError', options.stopOnError ?? true),
    signal: checkSignal('signal', options.signal),
  }
  return new ConcurrentMap<T, R>(plan)
}

/** Opens the source when the first item is asked for. */
function iteratorOf<T>(source: Iterable<T> | AsyncIterable<T>): () => Iterator<T> | AsyncIterator<T> {
  const given = source as Partial<Iterable<T> & AsyncIterable<T>> | null | undefined
  if (typeof given?.[Symbol.asyncIterator] === 'function')
    return () => (source as AsyncIterable<T>)[Symbol.asyncIterator]()
  if (typeof given?.[Symbol.iterator] === 'function') return () => (source as Iterable<T>)[Symbol.iterator]()
  throw new OptionError('source', source, 'an iterable or async iterable')
}
