/** An event that this package tells of, by `onEvent` and by `node:diagnostics_channel` under the same name. */
export interface ObservedEvent {
  readonly name: string
  /** When it is told. */
  readonly when: string
  /** The fields that its data may have. */
  readonly fields: readonly string[]
}

/**
 * Every event of this package, by its name. The data are plain objects; `error` and `lastError` are what was thrown, as
 * it is.
 */
export const CHANNELS: readonly ObservedEvent[] = Object.freeze([
  {
    name: 'x:loop-utils:breaker:change',
    when: 'a circuit breaker changed its state',
    fields: ['name', 'from', 'to', 'reason', 'openMs', 'lastError'],
  },
  {
    name: 'x:loop-utils:breaker:probe',
    when: 'a half-open circuit admitted a call',
    fields: ['name', 'fraction'],
  },
  {
    name: 'x:loop-utils:breaker:reject',
    when: 'a circuit breaker refused a call, or would have',
    fields: ['name', 'state', 'retryAfterMs', 'isRefused'],
  },
  {
    name: 'x:loop-utils:bulkhead:refuse',
    when: 'a bulkhead had no room for a call, or no slot in time',
    fields: ['bulkhead', 'running', 'waiting', 'waitedMs'],
  },
  {
    name: 'x:loop-utils:concurrency-limit:change',
    when: 'an adaptive concurrency limit moved',
    fields: ['name', 'limit', 'before', 'running'],
  },
  {
    name: 'x:loop-utils:dispatcher:close',
    when: 'a dispatcher has closed',
    fields: ['dispatcher', 'delivered', 'discarded', 'rejectedCalls'],
  },
  {
    name: 'x:loop-utils:dispatcher:drop',
    when: 'a function was dropped or refused for want of room on the loop of a dispatcher',
    fields: ['dispatcher', 'reason', 'capacity'],
  },
  {
    name: 'x:loop-utils:dispatcher:error',
    when: 'a function or handler failed whose error no call could carry',
    fields: ['dispatcher', 'kind', 'handler', 'poster', 'error'],
  },
  {
    name: 'x:loop-utils:executor:end',
    when: 'a call of an executor ended for its caller',
    fields: ['task', 'end', 'hasBegun'],
  },
  {
    name: 'x:loop-utils:executor:refuse',
    when: 'an executor had no room for a call',
    fields: ['task', 'queued', 'running'],
  },
  {
    name: 'x:loop-utils:fallback:switch',
    when: 'calls were switched to the other implementation',
    fields: ['name', 'from', 'to', 'lastError'],
  },
  {
    name: 'x:loop-utils:fallback:use',
    when: 'a value stood in for the result of a call that failed',
    fields: ['name', 'error'],
  },
  {
    name: 'x:loop-utils:hedge:launch',
    when: 'another attempt was made beside a slow or failed one',
    fields: ['attempt', 'error'],
  },
  {
    name: 'x:loop-utils:loop-manager:end',
    when: 'a task or thread of a loop manager ended',
    fields: ['kind', 'name', 'end'],
  },
  {
    name: 'x:loop-utils:loop-manager:start',
    when: 'a loop manager started a task or a thread',
    fields: ['kind', 'name'],
  },
  {
    name: 'x:loop-utils:rate-limiter:refuse',
    when: 'a rate limiter refused a turn, or a wait for one',
    fields: ['limiter', 'n', 'waiting', 'retryAfterMs'],
  },
  {
    name: 'x:loop-utils:reconnector:change',
    when: 'a reconnector changed its state',
    fields: ['state', 'previous', 'failures', 'delayMs', 'cause'],
  },
  {
    name: 'x:loop-utils:retry-budget:refuse',
    when: 'a retry budget could not pay for a retry',
    fields: ['tokens', 'cost', 'error'],
  },
  {
    name: 'x:loop-utils:retry:give-up',
    when: 'a retry met one of its bounds',
    fields: ['attempts', 'elapsedMs', 'limit', 'error'],
  },
  {
    name: 'x:loop-utils:retry:schedule',
    when: 'a retry waits before its next attempt',
    fields: ['attempt', 'elapsedMs', 'error', 'delayMs'],
  },
  {
    name: 'x:loop-utils:service:change',
    when: 'a service changed its state',
    fields: ['service', 'state', 'previous', 'incarnation', 'cause'],
  },
  {
    name: 'x:loop-utils:thread-breaker:reject',
    when: 'a circuit breaker that threads share refused a call of this thread',
    fields: ['name', 'state', 'retryAfterMs'],
  },
  {
    name: 'x:loop-utils:thread-wait:end',
    when: 'a wait on this loop for what threads share came to an end',
    fields: ['name', 'isServed', 'waitedMs'],
  },
  {
    name: 'x:loop-utils:timeout:expire',
    when: 'a time limit or deadline ended the wait for a call',
    fields: ['what', 'timeoutMs', 'kind'],
  },
  {
    name: 'x:loop-utils:timeout:late',
    when: 'a call ended after its time limit or abort had ended the wait for it',
    fields: ['what', 'status', 'error'],
  },
])

/** The names of all events of this package. */
export const CHANNEL_NAMES: readonly string[] = Object.freeze(CHANNELS.map(({ name }) => name))
