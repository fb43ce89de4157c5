import { builtinPrototype } from './builtin-error.ts'
import { LOOP_ERROR_CLASSES } from './loop-error-classes.ts'
import { checkObject } from './option-checks.ts'
import { OptionError } from './option-error.ts'
import type { PlainError, PlainThrown } from './plain-error.ts'
import { setOwn } from './plain-value.ts'
import { RemoteError } from './remote-error.ts'

/** An error class, of which only the prototype is used: its constructor does not run again. */
export interface ErrorClass {
  readonly prototype: Error
}

/**
 * Makes errors again of what `toPlainError` wrote, by their codes.
 *
 * Each package has one, made with the classes behind its own codes; those of `LOOP_*` are always known. An error whose
 * class is of the language comes back as that one, Node's system errors included, and an unknown one as a RemoteError.
 */
export class ErrorRevival {
  readonly #classes: ReadonlyMap<string, ErrorClass>

  /**
   * @param classes error classes by code, such as `{ BGP_NOTIFICATION: NotificationError }`
   * @throws OptionError when a value is no error class, or a code is taken by another class
   */
  constructor(...classes: readonly Readonly<Record<string, ErrorClass>>[]) {
    const known = new Map(Object.entries(LOOP_ERROR_CLASSES))
    for (const [code, errorClass] of classes.flatMap((some) => Object.entries(checkObject(some, 'errors')))) {
      checkClass(code, errorClass, known.get(code))
      known.set(code, errorClass)
    }
    this.#classes = known
  }

  /** A revival that knows these classes, too: for a package whose errors contain another package's. */
  with(classes: Readonly<Record<string, ErrorClass>>): ErrorRevival {
    return new ErrorRevival(Object.fromEntries(this.#classes), classes)
  }

  /**
   * What was thrown: an error with the same class, fields, cause and aggregated errors, and the stack of the place where
   * it was thrown; or the same value, if that was none.
   */
  revive(plain: PlainThrown): unknown {
    if ('thrown' in plain) return plain.thrown
    const error = this.#create(plain)
    if (plain.stack !== undefined) setHidden(error, 'stack', plain.stack)
    if (plain.cause !== undefined) setHidden(error, 'cause', this.revive(plain.cause))
    if (plain.errors !== undefined) {
      const errors = plain.errors.map((part) => this.revive(part))
      if (plain.builtin === 'AggregateError') setHidden(error, 'errors', errors)
      else setOwn(error, 'errors', errors)
    }
    return error
  }

  #create(plain: PlainError): Error {
    const { builtin, code, message, name } = plain
    if (builtin === 'DOMException') return this.#fill(new DOMException(message, name), plain)
    const prototype = builtin === undefined ? this.#prototypeOf(code) : builtinPrototype(builtin)
    if (prototype === undefined) return this.#createRemote(plain)
    const error = Object.setPrototypeOf(new Error(message), prototype) as Error
    if (name !== error.name) setOwn(error, 'name', name)
    if (code !== undefined) setOwn(error, 'code', code)
    return this.#fill(error, plain)
  }

  #prototypeOf(code: string | undefined): Error | undefined {
    return code === undefined ? undefined : this.#classes.get(code)?.prototype
  }

  #createRemote({ name, message, code, fields, nested = {} }: PlainError): Error {
    const all = { ...fields }
    for (const [key, part] of Object.entries(nested)) setOwn(all, key, this.revive(part))
    return new RemoteError({ name, message, code, fields: all })
  }

  #fill(error: Error, { fields, nested = {} }: PlainError): Error {
    for (const [key, value] of Object.entries(fields)) setOwn(error, key, value)
    for (const [key, part] of Object.entries(nested)) setOwn(error, key, this.revive(part))
    return error
  }
}

function checkClass(code: string, errorClass: ErrorClass, taken: ErrorClass | undefined): void {
  const given: unknown = errorClass
  const prototype: unknown = typeof given === 'function' ? given.prototype : undefined
  if (!(prototype instanceof Error)) throw new OptionError(`classes.${code}`, errorClass, 'a subclass of Error')
  if (taken !== undefined && taken !== errorClass) {
    throw new OptionError(`classes.${code}`, errorClass, 'a code that no other class has')
  }
}

function setHidden(error: Error, key: 'stack' | 'cause' | 'errors', value: unknown): void {
  Object.defineProperty(error, key, { value, writable: true, enumerable: false, configurable: true })
}
