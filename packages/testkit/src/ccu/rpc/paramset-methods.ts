import type { Paramset } from '../catalogue/paramset.ts'
import { checkValue } from '../catalogue/paramset.ts'
import type { Parameter, ParameterValue } from '../catalogue/parameter.ts'
import type { ParameterDescription } from '../catalogue/descriptions.ts'
import { CCU_FAULTS, CcuFault } from '../ccu-fault.ts'
import { typedValue, WireDouble, WireUntyped } from '../wire/wire-value.ts'
import { NOTHING, text, type Params } from './rpc-arguments.ts'
import type { RpcCore } from './rpc-core.ts'

/** Reading and setting values. The paramset of a link goes by the address of the other end. */
export class ParamsetMethods {
  readonly #core: RpcCore

  constructor(core: RpcCore) {
    this.#core = core
  }

  getValue([address, name]: Params): unknown {
    const paramset = this.#core.store.paramset(text(address), 'VALUES')
    const parameter = paramset.parameter(text(name))
    if (!parameter.isReadable || parameter.type === 'ACTION') {
      throw new CcuFault(CCU_FAULTS.notSupported, parameter.name)
    }
    return typedValue(parameter.type, paramset.value(parameter.name))
  }

  setValue([address, name, value]: Params): string {
    this.#put(text(address), 'VALUES', [[text(name), value]])
    return NOTHING
  }

  getParamset([address, key]: Params): Readonly<Record<string, unknown>> {
    const paramset = this.#find(text(address), text(key))
    const isUntyped = key === 'MASTER' && this.#core.quirks().untypedMaster
    const values = Object.entries(paramset.readable()).map(([name, value]) => {
      const typed = typedValue(paramset.parameter(name).type, value)
      return [name, isUntyped ? new WireUntyped(typed) : typed] as const
    })
    return Object.fromEntries(values)
  }

  putParamset([address, key, values]: Params): string {
    if (typeof values !== 'object' || values === null || Array.isArray(values)) {
      throw new CcuFault(CCU_FAULTS.unknownParameter, 'a struct of values is expected')
    }
    this.#put(text(address), text(key), Object.entries(values))
    return NOTHING
  }

  describeParamset([address, key]: Params): unknown {
    const described = Object.entries(this.#core.store.paramset(text(address), text(key)).describe())
    return Object.fromEntries(described.map(([name, description]) => [name, withDoubles(description)]))
  }

  /** All or nothing: everything is checked before anything changes. */
  #put(address: string, key: string, values: readonly (readonly [name: string, value: unknown])[]): void {
    const paramset = this.#find(address, key)
    const checked = values.map(([name, value]) => {
      const parameter = paramset.parameter(name)
      if (!parameter.isWritable) throw new CcuFault(CCU_FAULTS.notSupported, `${name} cannot be set`)
      return [parameter, checkValue(parameter, value)] as const
    })
    this.#core.radio.checkReachable(address)
    if (key === 'VALUES') this.#core.set(address, checked)
    else this.#configure(address, paramset, checked)
  }

  #configure(address: string, paramset: Paramset, values: readonly (readonly [Parameter, ParameterValue])[]): void {
    if (values.length === 0) return
    this.#core.radio.configure(address)
    for (const [parameter, value] of values) paramset.store(parameter.name, value)
  }

  #find(address: string, key: string): Paramset {
    if (key === 'LINK') throw new CcuFault(CCU_FAULTS.unknownParamset, 'a link goes by the address of its other end')
    if (!key.includes(':')) return this.#core.store.paramset(address, key)
    this.#core.store.description(address)
    return this.#core.links.paramset(address, key)
  }
}

function withDoubles(description: ParameterDescription): unknown {
  if (description.TYPE !== 'FLOAT') return description
  const { DEFAULT, MIN, MAX } = description
  return { ...description, DEFAULT: asDouble(DEFAULT), MIN: asDouble(MIN), MAX: asDouble(MAX) }
}

function asDouble(value: ParameterValue): WireDouble {
  return new WireDouble(Number(value))
}
