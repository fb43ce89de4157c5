import { createSecretKey } from 'node:crypto'
import type { Engine, EngineContext } from '../../channel/contract.ts'
import { loadModuleRef } from '../../channel/module-ref.ts'
import { RecordBatch } from '../../channel/record-batch.ts'
import { turnOfLoop } from '../../channel/turn-of-loop.ts'
import { NotPlainError } from '../../errors/not-plain-error.ts'
import { isXError } from '../../errors/x-error.ts'
import type { ConformanceContract, ConformanceOptions } from './conformance-contract.ts'
import { makeFailure } from './conformance-errors.ts'
import { describeValue } from './describe-value.ts'

export type Context = EngineContext<ConformanceContract>
type Commands<K extends keyof ConformanceContract['commands']> = Pick<Engine<ConformanceContract>['commands'], K>

/** Emits `tick` events with ascending numbers. */
export class Ticks {
  readonly #context: Context
  #seq = 0
  #timer: NodeJS.Timeout | undefined

  constructor(context: Context) {
    this.#context = context
  }

  emit(count: number): boolean {
    let isWritable = true
    for (let i = 0; i < count; i++) isWritable = this.#context.emit('tick', { seq: this.#seq++ })
    return isWritable
  }

  start(): void {
    this.#timer ??= setInterval(() => this.emit(1), 2)
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}

/** Commands about which values cross, and how. */
export function valueCommands(
  context: Context,
): Commands<'echo' | 'describe' | 'emitOddValues' | 'emitForbidden' | 'answerForbidden' | 'records'> {
  return {
    echo: (value) => value,
    describe: describeValue,
    emitOddValues: () => {
      for (const value of oddValues()) context.emit('value', value)
    },
    emitForbidden: (kind) => {
      try {
        context.emit('value', { list: [1, { inner: forbidden(kind) }] })
        return { code: 'none', path: '' }
      } catch (error) {
        return error instanceof NotPlainError ? { code: error.code, path: error.path } : { code: 'other', path: '' }
      }
    },
    answerForbidden: () => ({ callback: () => undefined }),
    records: async ({ count, size }) => {
      const batch = new RecordBatch({ maxRecords: 100 })
      const send = (): void => {
        const { data, transfer } = batch.take()
        context.emit('records', data, { transfer })
      }
      for (let index = 0; index < count; index++) {
        const record = new Uint8Array(size).fill(index)
        if (batch.append(record)) continue
        send()
        if (!context.isWritable) await context.writable()
        batch.append(record)
      }
      send()
    },
  }
}

/** Values that arrive in another form than they were sent. */
function oddValues(): unknown[] {
  const pool = new Uint8Array([0, 1, 2, 3, 4, 5, 6, 7])
  const detached = new Uint8Array(4)
  structuredClone(detached, { transfer: [detached.buffer] })
  return [
    Buffer.from('abc'),
    pool.subarray(2, 5),
    new Uint8Array(new SharedArrayBuffer(2)),
    detached,
    Object.assign(Object.create(null) as object, { a: 1, bytes: Buffer.from('x') }),
    new (class extends Date {})(86_400_000),
    { when: new Date(0), big: 2n ** 70n, key: createSecretKey(Buffer.from('secret')), none: undefined },
  ]
}

function forbidden(kind: string): unknown {
  const kinds: Readonly<Record<string, unknown>> = {
    function: () => undefined,
    symbol: Symbol('s'),
    error: new Error('e'),
    signal: AbortSignal.timeout(1e6),
    map: new Map(),
    instance: new (class Device {
      readonly id = 1
    })(),
    words: new Uint16Array(2),
    buffer: new ArrayBuffer(2),
    promise: Promise.resolve(),
    cycle: cyclic(),
  }
  return kinds[kind]
}

function cyclic(): object {
  const self: { self?: object } = {}
  self.self = self
  return self
}

/** Commands about the stream of events. */
export function streamCommands(
  context: Context,
  ticks: Ticks,
): Commands<'burst' | 'flow' | 'fill' | 'level' | 'noise' | 'startTicking'> {
  return {
    burst: (count) => {
      ticks.emit(count)
      return count
    },
    flow: async ({ count }) => {
      let stops = 0
      for (let i = 0; i < count; i++) {
        if (ticks.emit(1)) continue
        stops++
        await context.writable()
      }
      return { stops }
    },
    fill: (most) => {
      let count = 0
      while (count < most && ticks.emit(1)) count++
      return count
    },
    level: async ({ every, key, tick, values }) => {
      const options = key === undefined ? {} : { key }
      for (const [index, value] of values.entries()) {
        context.emit('level', { key: key ?? '', value }, options)
        if ((index + 1) % every === 0) await turnOfLoop()
      }
      if (tick === true) ticks.emit(1)
    },
    noise: (count) => {
      let refused = 0
      for (let i = 0; i < count; i++) if (!context.emit('noise', i)) refused++
      return refused
    },
    startTicking: () => ticks.start(),
  }
}

/** Commands about calls, questions, cancelling and failing. */
export function requestCommands(
  context: Context,
): Commands<'fail' | 'hang' | 'remaining' | 'cancellations' | 'ask' | 'askLater'> {
  const counts = { hanging: 0, cancelled: 0, lastReason: undefined as string | undefined }
  return {
    fail: (kind) => {
      throw makeFailure(kind)
    },
    hang: (_, { signal }) => {
      counts.hanging++
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          counts.hanging--
          counts.cancelled++
          counts.lastReason = codeOf(signal.reason)
          resolve('cancelled')
        })
      })
    },
    remaining: (_, { remainingMs }) => remainingMs,
    cancellations: () => ({ ...counts }),
    ask: async ({ abort, timeoutMs, value }) => {
      const controller = new AbortController()
      const reason = new Error('enough')
      const asking = context.ask('double', value, {
        signal: controller.signal,
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      })
      if (abort === true) controller.abort(reason)
      try {
        return { answer: await asking }
      } catch (error) {
        return { error: error === reason ? 'the very reason' : codeOf(error) }
      }
    },
    askLater: (value) => {
      context.ask('double', value).catch(() => undefined)
    },
  }
}

function codeOf(error: unknown): string {
  return isXError(error) ? error.code : String(error)
}

/** Commands about logs and diagnostics. */
export function observationCommands(context: Context): Commands<'log' | 'diagnose' | 'observations'> {
  let read = 0
  const fields = (): Record<string, unknown> => ({
    get n() {
      read++
      return 1
    },
    bytes: Buffer.from('b'),
    err: makeFailure('typed'),
    callback: () => undefined,
  })
  return {
    log: ({ level, message }) => context.log(level, fields(), message),
    diagnose: (name) => context.diagnose(name, fields()),
    observations: () => ({ read, isObserved: context.isObserved }),
  }
}

/** Commands about what surrounds the engine. */
export function environmentCommands(
  context: Context,
  options: ConformanceOptions,
): Commands<'loadModule' | 'environment' | 'options'> {
  return {
    loadModule: (ref) => loadModuleRef(ref),
    environment: () => ({ now: context.clock.now(), numbers: [context.random(), context.random()] }),
    options: () => options,
  }
}

/** Commands that end the engine's thread. */
export function deathCommands(context: Context, ticks: Ticks): Commands<'die' | 'burstAndDie' | 'exhaustMemory'> {
  return {
    die,
    burstAndDie: ({ count, how }) => {
      ticks.emit(count)
      context.commit()
      return die(how)
    },
    exhaustMemory: () => {
      const hoard: unknown[] = []
      for (;;) hoard.push(Array.from({ length: 10_000 }, () => ({})))
    },
  }
}

function die(how: 'exit' | 'throw' | 'reject'): Promise<void> {
  // oxlint-disable-next-line unicorn/no-process-exit -- what the test wants
  if (how === 'exit') process.exit(7)
  const error = new Error(`died by ${how}`)
  if (how === 'reject') void Promise.reject(error)
  else
    setImmediate(() => {
      throw error
    })
  return new Promise(() => undefined)
}
