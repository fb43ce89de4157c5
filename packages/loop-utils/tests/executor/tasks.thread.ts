import { type MessagePort, threadId } from 'node:worker_threads'
import { ThreadCounter } from '../../src/shared/thread-counter.ts'
import { ThreadLatch } from '../../src/shared/thread-latch.ts'
import { OptionError } from '../../src/errors/option-error.ts'
import type { TaskContext } from '../../src/executor/task-context.ts'

// Functions that the tests of the executor have run on its threads.

export function add(a: number, b: number): number {
  return a + b
}

export async function later<T>(value: T): Promise<T> {
  await new Promise<void>((resolve) => setImmediate(resolve))
  return value
}

export function whichThread(): number {
  return threadId
}

export function fail(option: string): never {
  throw new OptionError(option, 1, 'something else')
}

export function failPlainly(): never {
  throw Object.assign(new TypeError('bad type'), { code: 'E_BAD', cause: new RangeError('inner') })
}

export function throwText(): never {
  // oxlint-disable-next-line typescript/only-throw-error -- what is no error has to come back as it is
  throw 'just text'
}

export function exit(code: number): void {
  process.exit(code)
}

/** Counts as long as its thread lives. */
export function beat(counter: SharedArrayBuffer): number {
  const beats = new ThreadCounter(counter)
  setInterval(() => beats.increment(), 1)
  return threadId
}

/** Leaves something behind that throws when the latch opens. */
export function leaveBomb(fuse: SharedArrayBuffer): void {
  void new ThreadLatch(fuse).wait({ ref: true }).then(() => {
    throw new Error('left behind')
  })
}

/** The same with an error that looks like one of the engine's own. */
export function leaveOddBomb(fuse: SharedArrayBuffer): void {
  void new ThreadLatch(fuse).wait({ ref: true }).then(() => {
    throw Object.assign(new TypeError('left behind'), { code: 'ERR_INVALID_ARG_TYPE' })
  })
}

export function exhaust(): number {
  const held: number[][] = []
  for (;;) held.push(Array.from({ length: 100_000 }, () => held.length))
}

/** Counts the latch down, then spins until it is cancelled. */
export function spin(started: SharedArrayBuffer, context: TaskContext): string {
  new ThreadLatch(started).countDown()
  while (!context.isCancelled);
  return 'gave up'
}

/** Never looks whether it is cancelled. */
export function spinDeaf(started: SharedArrayBuffer): void {
  new ThreadLatch(started).countDown()
  for (;;);
}

export function spinDeafAlone(): never {
  for (;;);
}

export function never(): Promise<never> {
  return new Promise(() => undefined)
}

/** Counts the latch down, then keeps its thread's loop free and never ends. */
export function hang(started: SharedArrayBuffer): Promise<never> {
  new ThreadLatch(started).countDown()
  return never()
}

/** Where it runs on the loop of who asks, that may act as it begins. */
export function callThenHang(act: () => void): Promise<never> {
  act()
  return never()
}

/** An error as a value, with what a clone leaves out. */
export function describeFailure(): Error {
  return Object.assign(new RangeError('as a value'), { again: () => 1 })
}

/** By all ways there are: whether it is cancelled, and whether its signal stays the same. */
export function ask(context: TaskContext): readonly unknown[] {
  const { isCancelled, signal } = context
  const known = [isCancelled, signal.aborted, context.signal === signal]
  try {
    context.throwIfCancelled()
    return [...known, 'not thrown']
  } catch (error) {
    return [...known, (error as Error).name]
  }
}

/** What is left, how long its deadline was when it was made, and whether that stays the same. */
export function bounds(context: TaskContext): readonly unknown[] {
  const { remainingMs, deadline } = context
  return [remainingMs, deadline?.budgetMs, context.deadline === deadline]
}

/** Where it runs on the loop of who asks, its signal is to be had later. */
export function keepSignal(box: { signal?: AbortSignal }, context: TaskContext): void {
  box.signal = context.signal
}

export function readSignal(context: TaskContext): boolean {
  return context.signal.aborted
}

/** Blocks its thread until the latch opens, and counts how often it was called. */
export function hold(started: SharedArrayBuffer, end: SharedArrayBuffer): number {
  new ThreadLatch(started).countDown()
  new ThreadLatch(end).waitSync()
  return threadId
}

export function count(counter: SharedArrayBuffer): number {
  return new ThreadCounter(counter).increment()
}

/** Waits on its loop for the abort, and tells the reason's name in a counter-like way. */
export async function awaitAbort(
  started: SharedArrayBuffer,
  heard: SharedArrayBuffer,
  context: TaskContext,
): Promise<string> {
  const { signal } = context
  new ThreadLatch(started).countDown()
  if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
  const { name } = signal.reason as Error
  new ThreadCounter(heard).add(name === 'TimeoutError' ? 1 : 100)
  context.throwIfCancelled()
  return 'not cancelled'
}

export function remaining(context: TaskContext): number {
  return context.remainingMs
}

export function size(bytes: Uint8Array): number {
  return bytes.byteLength
}

export function makeBytes(length: number, context: TaskContext): Uint8Array {
  const bytes = new Uint8Array(length).fill(7)
  return context.move(bytes, [bytes.buffer])
}

export function moveAndKeep(context: TaskContext): number {
  const bytes = new Uint8Array(8)
  context.move(bytes, [bytes.buffer])
  return bytes.byteLength
}

export function moveTwice(context: TaskContext): Uint8Array {
  const bytes = new Uint8Array(8)
  structuredClone(bytes, { transfer: [bytes.buffer] })
  return context.move(bytes, [bytes.buffer])
}

export function portName(port: MessagePort): string {
  port.close()
  return port.constructor.name
}

export function returnFunction(): unknown {
  return { items: [1, { callback: () => 1 }] }
}

/** Looks harmless, and cannot be cloned. */
export function returnTrap(): unknown {
  return Object.defineProperty({}, 'trap', {
    enumerable: true,
    get: (() => {
      let turn = 0
      // harmless when it is looked at first
      return () => (turn++ === 0 ? 1 : () => 1)
    })(),
  })
}

export const notAFunction = 5
