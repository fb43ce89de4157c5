import { loadModuleRef, ModuleRefError, type PlainModuleRef } from '../channel/module-ref.ts'
import { systemClock } from '../clock/system-clock.ts'
import { NotPlainError } from '../errors/not-plain-error.ts'
import { OptionError } from '../errors/option-error.ts'
import { type PlainThrown, toPlainError } from '../errors/plain-error.ts'
import { Deadline } from '../timeout/deadline.ts'
import { findCloneFault } from './cloneable.ts'
import type { TaskContext } from './task-context.ts'
import { TaskControl } from './task-control.ts'
import { checkTransfer, type ExecutorTransfer } from './transfer-list.ts'

/** What an executor sends to a thread. */
export interface TaskMessage {
  readonly ref: PlainModuleRef
  readonly args: readonly unknown[]
  readonly control: SharedArrayBuffer
  readonly timeoutMs: number
  /** When the deadline passes, by the clock that all threads share. Default: never. */
  readonly endsAtMs?: number
}

/** What comes back: errors as plain data, since a cloned one loses its class and code. */
export type TaskOutcome =
  | { readonly type: 'value'; readonly value: unknown }
  | { readonly type: 'error'; readonly error: PlainThrown }
  /** The function was not called, since nobody wants it any more. */
  | { readonly type: 'withdrawn' }

/** An outcome, and what in it is to be moved. */
export interface TaskEnd {
  readonly outcome: TaskOutcome
  readonly transfer: readonly ExecutorTransfer[]
}

/** Runs one task on this thread. Never rejects. */
export async function runTask(message: TaskMessage): Promise<TaskEnd> {
  const control = new TaskControl(message.control)
  let fn: AnyFunction
  try {
    fn = await loadFunction(message.ref)
  } catch (error) {
    return control.begin() ? failed(error) : withdrawn()
  }
  if (!control.begin()) return withdrawn()
  const context = new RunningTask(control, message)
  try {
    return context.finish(await fn(...message.args, context))
  } catch (error) {
    return failed(error)
  } finally {
    control.end()
  }
}

/** Context of one call. */
class RunningTask implements TaskContext {
  readonly #control: TaskControl
  readonly #timeoutMs: number
  readonly #endsAtMs: number
  #controller: AbortController | undefined
  #deadline: Deadline | undefined
  #moved: { readonly value: unknown; readonly transfer: TaskEnd['transfer'] } | undefined

  constructor(control: TaskControl, { timeoutMs, endsAtMs = Infinity }: TaskMessage) {
    this.#control = control
    this.#timeoutMs = timeoutMs
    this.#endsAtMs = Math.min(systemClock.now() + timeoutMs, endsAtMs)
  }

  get isCancelled(): boolean {
    return this.#control.cancelCause !== 'none'
  }

  get remainingMs(): number {
    return Math.max(0, this.#endsAtMs - systemClock.now())
  }

  get deadline(): Deadline | undefined {
    if (this.#endsAtMs === Infinity) return undefined
    this.#deadline ??= Deadline.after(this.remainingMs)
    return this.#deadline
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      const controller = new AbortController()
      this.#controller = controller
      if (this.isCancelled) controller.abort(this.#reason())
      else void this.#follow(controller)
    }
    return this.#controller.signal
  }

  throwIfCancelled(): void {
    if (this.isCancelled) throw this.#reason()
  }

  move<T>(value: T, list: readonly ExecutorTransfer[]): T {
    this.#moved = { value, transfer: checkTransfer('list', list) }
    return value
  }

  /** The end of the call, with what it returned. */
  finish(value: unknown): TaskEnd {
    const transfer = this.#moved !== undefined && this.#moved.value === value ? this.#moved.transfer : []
    const fault = findCloneFault(value, 'result', transfer)
    if (fault !== undefined) return failed(new NotPlainError(fault.path, fault.found))
    return { outcome: { type: 'value', value }, transfer }
  }

  async #follow(controller: AbortController): Promise<void> {
    await this.#control.whenCancelled()
    if (this.isCancelled) controller.abort(this.#reason())
  }

  #reason(): DOMException {
    if (this.#control.cancelCause === 'timed-out') {
      const limit = this.#timeoutMs === Infinity ? '' : ` after ${this.#timeoutMs} ms`
      return new DOMException(`the call timed out${limit}`, 'TimeoutError')
    }
    return new DOMException('the result is no longer wanted', 'AbortError')
  }
}

type AnyFunction = (...args: unknown[]) => unknown

/** Functions of this thread by module and export: an import that has been made costs more than a short task. */
const loaded = new Map<string, AnyFunction>()
const MAX_LOADED = 1000

function loadFunction(ref: PlainModuleRef): AnyFunction | Promise<AnyFunction> {
  return loaded.get(`${ref.module} ${ref.export}`) ?? importFunction(ref)
}

async function importFunction(ref: PlainModuleRef): Promise<AnyFunction> {
  const fn = await loadModuleRef(ref)
  if (typeof fn !== 'function') throw new OptionError(`export ${ref.export} of ${ref.module}`, fn, 'a function')
  if (loaded.size >= MAX_LOADED) loaded.clear()
  loaded.set(`${ref.module} ${ref.export}`, fn as AnyFunction)
  return fn as AnyFunction
}

function failed(error: unknown): TaskEnd {
  return { outcome: { type: 'error', error: toPlainError(error) }, transfer: [] }
}

function withdrawn(): TaskEnd {
  return { outcome: { type: 'withdrawn' }, transfer: [] }
}

/** Errors that a task may come back with besides those that every revival knows. */
export const TASK_ERROR_CLASSES: { readonly LOOP_MODULE_REF: typeof ModuleRefError } = {
  LOOP_MODULE_REF: ModuleRefError,
} as const
