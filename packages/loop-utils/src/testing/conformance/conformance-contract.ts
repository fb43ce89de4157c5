import type { PlainModuleRef } from '../../channel/module-ref.ts'
import type { RecordBatchData } from '../../channel/record-batch.ts'
import type { LogLevel } from '../../log/logger.ts'

/** A contract that exercises everything a channel does. */
export interface ConformanceContract {
  commands: {
    /** Gives the value back. */
    echo: (value: unknown) => unknown
    /** Describes the value as it arrived. */
    describe: (value: unknown) => string
    /** Emits values that need a change to cross, as `value` events. */
    emitOddValues: (input: null) => void
    /** Tries to emit what cannot cross; tells the error. */
    emitForbidden: (kind: string) => { code: string; path: string }
    /** Answers with what cannot cross. */
    answerForbidden: (input: null) => unknown
    /** Emits `count` ticks at once, then answers. */
    burst: (count: number) => number
    /** Emits `count` ticks, waiting for the stream to take more whenever it is full; tells how often. */
    flow: (input: { count: number }) => { stops: number }
    /** Emits ticks until one is the last below the high-water mark, at most `most`; tells how many were below. */
    fill: (most: number) => number
    /** Emits levels, giving the loop a turn after each `every`th; then a tick if asked for. */
    level: (input: { key?: string; values: number[]; every: number; tick?: boolean }) => void
    /** Emits `count` noises; tells how many were refused. */
    noise: (count: number) => number
    fail: (kind: string) => void
    /** Answers when it is cancelled. */
    hang: (input: null) => string
    remaining: (input: null) => number | undefined
    cancellations: (input: null) => { hanging: number; cancelled: number; lastReason: string | undefined }
    /** Asks the facade, and gives its answer, or the error's code. */
    ask: (input: { value: unknown; timeoutMs?: number; abort?: boolean }) => { answer?: unknown; error?: string }
    /** Asks without waiting for the answer. */
    askLater: (value: unknown) => void
    log: (input: { level: LogLevel; message: string }) => void
    diagnose: (name: string) => void
    /** How often the fields of a log line or diagnostic were read, and whether diagnostics are wanted. */
    observations: (input: null) => { read: number; isObserved: boolean }
    /** Emits `count` records of `size` bytes in batches. */
    records: (input: { count: number; size: number }) => void
    /** Emits a tick every few milliseconds until disposed of. */
    startTicking: (input: null) => void
    loadModule: (ref: PlainModuleRef) => unknown
    /** The engine's clock and its first random numbers. */
    environment: (input: null) => { now: number; numbers: number[] }
    options: (input: null) => unknown
    /** Ends the thread: only for tests of crashes. */
    die: (how: 'exit' | 'throw' | 'reject') => void
    /** Allocates until the thread's heap is full: only for tests of crashes. */
    exhaustMemory: (input: null) => void
    /** Emits `count` ticks, commits them and ends the thread. */
    burstAndDie: (input: { count: number; how: 'exit' | 'throw' | 'reject' }) => void
  }
  events: {
    tick: { seq: number }
    value: unknown
    level: { key: string; value: number }
    noise: number
    records: RecordBatchData
    farewell: null
  }
  questions: {
    double: (value: unknown) => unknown
  }
}

/** How a conformance engine behaves. */
export interface ConformanceOptions {
  /** Ticks emitted while it is made. */
  readonly firstTicks?: number
  readonly create?: 'fail'
  readonly dispose?: 'fail' | 'hang' | 'slow'
  readonly extra?: unknown
}
