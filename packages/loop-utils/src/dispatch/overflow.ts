/**
 * What `emit` does when a poster has no credit left:
 *
 * - `block`: blocks the thread until there is room; where that is not allowed (the main thread, or the thread of the
 *   dispatcher itself) it drops the event as `drop-newest` does;
 * - `drop-newest`: drops this event and returns false;
 * - `drop-oldest`: drops the oldest event that has not been sent and takes this one, or drops this one if none is left;
 * - `coalesce`: takes the place of an event with the same key that has not been sent, or else drops this one;
 * - `error`: throws a QueueOverflowError.
 *
 * Every drop is counted. A call and what `post` took are never dropped.
 */
export type Overflow = 'block' | 'drop-newest' | 'drop-oldest' | 'coalesce' | 'error'

/** The same for `post` on the dispatcher's own loop, which cannot block. */
export type OwnOverflow = Exclude<Overflow, 'block'>
