import { checkFunction } from '../errors/option-checks.ts'
import { OptionError } from '../errors/option-error.ts'
import { ServiceStateError } from '../errors/service-state-error.ts'
import { ResourceDisposeError } from './resource-dispose-error.ts'

/** What a {@link ResourceStack} can own. */
export type Resource = AsyncDisposable | Disposable

/**
 * Owns resources and releases them in reverse order, the last one first, each after the one before it is gone. It is
 * what `AsyncDisposableStack` of the language is (ECMAScript explicit resource management), on Node versions that lack
 * it, with two differences: several failures come as one {@link ResourceDisposeError} that lists all of them, and every
 * call of `dispose` settles together with the first.
 *
 * @example
 * ```ts
 * await using stack = new ResourceStack()
 * const socket = stack.adopt(connect(port), (socket) => socket.destroy())
 * stack.defer(() => unsubscribe())
 * ```
 */
export class ResourceStack implements AsyncDisposable {
  #disposers: (() => unknown)[] = []
  #isDisposed = false
  #disposed: Promise<void> | undefined

  /** Whether `dispose` or `move` was called: it takes nothing more. */
  get isDisposed(): boolean {
    return this.#isDisposed
  }

  /** How many resources it owns. */
  get size(): number {
    return this.#disposers.length
  }

  /**
   * Owns a disposable and returns it; `null` and `undefined` are passed through. `Symbol.asyncDispose` goes before
   * `Symbol.dispose`.
   *
   * @throws OptionError when `resource` is not disposable
   * @throws ServiceStateError when the stack is disposed
   */
  use<T extends Resource | null | undefined>(resource: T): T {
    this.#checkOpen('use')
    if (resource === null || resource === undefined) return resource
    const disposer = disposerOf(resource)
    if (disposer === undefined) {
      throw new OptionError('resource', resource, 'an object with [Symbol.asyncDispose] or [Symbol.dispose]')
    }
    this.#disposers.push(disposer)
    return resource
  }

  /**
   * Owns a value that is not disposable by itself, and returns it.
   *
   * @throws OptionError when `dispose` is no function
   * @throws ServiceStateError when the stack is disposed
   */
  adopt<T>(value: T, dispose: (value: T) => unknown): T {
    this.#checkOpen('adopt')
    checkFunction('dispose', dispose)
    this.#disposers.push(() => dispose(value))
    return value
  }

  /**
   * Has `dispose` called when the stack is.
   *
   * @throws OptionError when `dispose` is no function
   * @throws ServiceStateError when the stack is disposed
   */
  defer(dispose: () => unknown): void {
    this.#checkOpen('defer')
    this.#disposers.push(checkFunction('dispose', dispose))
  }

  /**
   * Hands everything to a new stack and leaves this one disposed: what was built up under the protection of one scope
   * goes on to live in its owner.
   *
   * @throws ServiceStateError when the stack is disposed
   */
  move(): ResourceStack {
    this.#checkOpen('move')
    const heir = new ResourceStack()
    heir.#disposers = this.#disposers
    this.#disposers = []
    this.#isDisposed = true
    this.#disposed = Promise.resolve()
    return heir
  }

  /**
   * Releases everything, each disposer once, also when others fail. Rejects with what the only failed disposer threw,
   * or with a ResourceDisposeError when there were several.
   */
  dispose(): Promise<void> {
    this.#disposed ??= this.#disposeAll()
    return this.#disposed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose()
  }

  async #disposeAll(): Promise<void> {
    // before the first disposer runs: what it gave to the stack would never be released
    this.#isDisposed = true
    const disposers = this.#disposers.toReversed()
    this.#disposers = []
    const errors: unknown[] = []
    for (const dispose of disposers) {
      try {
        await dispose()
      } catch (error) {
        errors.push(error)
      }
    }
    if (errors.length > 1) throw new ResourceDisposeError(errors)
    if (errors.length === 1) throw errors[0]
  }

  #checkOpen(operation: string): void {
    if (this.isDisposed) throw new ServiceStateError(`${operation} a resource`, 'disposed', 'make a new ResourceStack')
  }
}

function disposerOf(resource: Resource): (() => unknown) | undefined {
  const { [Symbol.asyncDispose]: asyncDispose } = resource as Partial<AsyncDisposable>
  if (typeof asyncDispose === 'function') return () => asyncDispose.call(resource as AsyncDisposable)
  const { [Symbol.dispose]: dispose } = resource as Partial<Disposable>
  if (typeof dispose === 'function') return () => dispose.call(resource as Disposable)
  return undefined
}
