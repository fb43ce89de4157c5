import { OptionError } from '../errors/option-error.ts'
import { CallScope } from './call-scope.ts'
import type { ExecuteOptions, Policy, PolicyFunction } from './policy.ts'
import { raceAbort } from './race.ts'

/**
 * One policy of several, the outermost first: `compose(timeoutPolicy(10_000), retryPolicy())` gives all attempts
 * together ten seconds. All share one cancellation and one deadline.
 *
 * @throws OptionError when an argument is no policy
 */
export function compose(...policies: readonly Policy[]): Policy {
  for (const [index, policy] of policies.entries()) checkPolicy(policy, `policies[${index}]`)
  const layers = policies.flatMap((policy) => (policy instanceof Composition ? policy.layers : [policy]))
  return new Composition(layers)
}

class Composition implements Policy {
  readonly name: string
  readonly layers: readonly Policy[]
  readonly #run: Policy['execute']

  constructor(layers: readonly Policy[]) {
    this.layers = layers
    this.name = `compose(${layers.map((layer) => layer.name).join(', ')})`
    this.#run = layers.reduceRight<Policy['execute'] | undefined>(around, undefined) ?? runBare
  }

  execute<T>(fn: PolicyFunction<T>, options?: ExecuteOptions): Promise<T> {
    // here already, or layers would take it for a failure of the peer
    return typeof fn === 'function' ? this.#run(fn, options) : Promise.reject(new OptionError('fn', fn, 'a function'))
  }
}

/** What a layer does with all that is inside of it. */
function around(inner: Policy['execute'] | undefined, layer: Policy): Policy['execute'] {
  if (inner === undefined) return (fn, options) => layer.execute(fn, options)
  return (fn, options) => layer.execute((context) => inner(fn, context), options)
}

function checkPolicy(policy: unknown, option: string): void {
  const isPolicy = typeof policy === 'object' && policy !== null && 'execute' in policy
  if (!isPolicy || typeof policy.execute !== 'function')
    throw new OptionError(option, policy, 'a Policy with execute()')
}

/** A composition of nothing still heeds the caller's signal. */
function runBare<T>(fn: PolicyFunction<T>, options?: ExecuteOptions): Promise<T> {
  return CallScope.run(options, (scope) => raceAbort(scope, fn))
}
