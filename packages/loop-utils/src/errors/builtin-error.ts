/** The error classes of the language that survive a crossing as themselves. */
const BUILTINS: Readonly<
  Record<Exclude<BuiltinErrorName, 'DOMException'>, ErrorConstructor | AggregateErrorConstructor>
> = {
  Error,
  TypeError,
  RangeError,
  SyntaxError,
  ReferenceError,
  EvalError,
  URIError,
  AggregateError,
}

/** Name of an error class that every thread has. */
export type BuiltinErrorName =
  | 'Error'
  | 'TypeError'
  | 'RangeError'
  | 'SyntaxError'
  | 'ReferenceError'
  | 'EvalError'
  | 'URIError'
  | 'AggregateError'
  | 'DOMException'

/** The prototype of a class of the language. */
export function builtinPrototype(name: Exclude<BuiltinErrorName, 'DOMException'>): Error {
  return BUILTINS[name].prototype
}

/**
 * Which class of the language `error` is an instance of; undefined when it is one of a further subclass.
 *
 * Node makes system errors, `ERR_*` and `ABORT_ERR` by subclasses that nobody can name: they count as what they extend.
 */
export function builtinNameOf(error: object, code: string | undefined): BuiltinErrorName | undefined {
  const isNodes = code === 'ABORT_ERR' || code?.startsWith('ERR_') === true
  let prototype = Object.getPrototypeOf(error) as { constructor?: unknown } | null
  while (prototype !== null) {
    const name = nameOf(prototype.constructor)
    if (name !== undefined || !isNodes) return name
    prototype = Object.getPrototypeOf(prototype) as typeof prototype
  }
  return undefined
}

function nameOf(constructor: unknown): BuiltinErrorName | undefined {
  if (constructor === DOMException) return 'DOMException'
  for (const [name, builtin] of Object.entries(BUILTINS)) {
    if (constructor === builtin) return name as BuiltinErrorName
  }
  return undefined
}
