import { OptionError } from '@x/loop-utils/errors'
import { METHOD_NAME, type XmlRpcHandler } from './method.ts'

/** The public methods of an object: its name and a handler for each. */
export type InstanceMethods = ReadonlyMap<string, XmlRpcHandler>

/**
 * Finds the methods that an object offers: its own and inherited ones, but nothing of `Object.prototype`, no
 * constructor, no accessor (they are not run), no name that begins with `_` or that XML-RPC does not admit.
 *
 * @throws OptionError when a name in `only` is no such method
 */
export function instanceMethods(instance: object, only: readonly string[] | undefined): InstanceMethods {
  if (typeof instance !== 'object' || instance === null) throw new OptionError('instance', instance, 'an object')
  const found = new Map<string, XmlRpcHandler>()
  for (const owner of chainOf(instance)) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(owner))) {
      if (!isOffered(name) || found.has(name) || typeof value !== 'function') continue
      const method = value as XmlRpcHandler
      found.set(name, (...params) => Reflect.apply(method, instance, params))
    }
  }
  return only === undefined ? found : select(found, only)
}

function isOffered(name: string): boolean {
  return name !== 'constructor' && !name.startsWith('_') && METHOD_NAME.test(name)
}

function* chainOf(instance: object): Generator<object> {
  for (
    let owner: unknown = instance;
    typeof owner === 'object' && owner !== null;
    owner = Object.getPrototypeOf(owner)
  ) {
    // An object whose prototype is null is the root of a chain: Object.prototype, of whatever realm.
    if (owner !== instance && Object.getPrototypeOf(owner) === null) return
    yield owner
  }
}

function select(found: InstanceMethods, only: readonly string[]): InstanceMethods {
  return new Map(
    only.map((name) => {
      const handler = found.get(name)
      if (handler === undefined) throw new OptionError('methods', name, `public methods of the instance`)
      return [name, handler] as const
    }),
  )
}
