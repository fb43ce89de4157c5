import { CCU_FAULTS, CcuFault } from '../ccu-fault.ts'
import { describeParameter, type ParameterDescription } from './descriptions.ts'
import type { Parameter, ParameterValue } from './parameter.ts'

/** Paramsets of one kind share their parameters; thousands of them differ in a few values only. */
const byName = new WeakMap<readonly Parameter[], ReadonlyMap<string, Parameter>>()

function index(parameters: readonly Parameter[]): ReadonlyMap<string, Parameter> {
  const found = byName.get(parameters)
  if (found !== undefined) return found
  const made = new Map(parameters.map((parameter) => [parameter.name, parameter]))
  byName.set(parameters, made)
  return made
}

/** The parameters of one paramset of one channel, with their values. */
export class Paramset {
  readonly #parameters: ReadonlyMap<string, Parameter>
  /** Those that were stored; the others have their initial value. */
  readonly #values = new Map<string, ParameterValue>()

  constructor(parameters: readonly Parameter[]) {
    this.#parameters = index(parameters)
  }

  get parameters(): readonly Parameter[] {
    return [...this.#parameters.values()]
  }

  has(name: string): boolean {
    return this.#parameters.has(name)
  }

  /** @throws CcuFault −5 */
  parameter(name: string): Parameter {
    const parameter = this.#parameters.get(name)
    if (parameter === undefined) throw new CcuFault(CCU_FAULTS.unknownParameter, name)
    return parameter
  }

  /** @throws CcuFault −5 */
  value(name: string): ParameterValue {
    const { initial } = this.parameter(name)
    return this.#values.get(name) ?? initial
  }

  /** The values that can be read; an impulse has none. */
  readable(): Readonly<Record<string, ParameterValue>> {
    const readable = this.parameters.filter(({ isReadable, type }) => isReadable && type !== 'ACTION')
    return Object.fromEntries(readable.map(({ name }) => [name, this.value(name)]))
  }

  /** Stores a value that was checked before; an impulse leaves no trace. */
  store(name: string, value: ParameterValue): void {
    if (this.parameter(name).type !== 'ACTION') this.#values.set(name, value)
  }

  describe(): Readonly<Record<string, ParameterDescription>> {
    return Object.fromEntries(
      this.parameters.map((parameter, index) => [parameter.name, describeParameter(parameter, index)]),
    )
  }
}

/**
 * Returns `value` when the parameter can hold it.
 *
 * @throws CcuFault −5 for a value of another type, −9 for one out of range
 */
export function checkValue(parameter: Parameter, value: unknown): ParameterValue {
  const { type } = parameter
  if (typeof value === 'boolean' && (type === 'BOOL' || type === 'ACTION')) return value
  if (typeof value === 'string' && type === 'STRING') return value
  if (typeof value === 'number' && (type === 'FLOAT' ? Number.isFinite(value) : Number.isSafeInteger(value))) {
    if (type === 'FLOAT' || type === 'INTEGER' || type === 'ENUM') return within(parameter, value)
  }
  throw wrongType(parameter, value)
}

const EXPECTED: { readonly [T in Parameter['type']]: string } = {
  BOOL: 'a boolean',
  ACTION: 'a boolean',
  STRING: 'a string',
  FLOAT: 'a number',
  INTEGER: 'an integer',
  ENUM: 'an integer',
}

function within(parameter: Parameter, value: number): number {
  const { name, min, max } = parameter
  if (value >= Number(min) && value <= Number(max)) return value
  throw new CcuFault(CCU_FAULTS.outOfRange, `${name} takes ${min} to ${max}, not ${value}`)
}

function wrongType({ name, type }: Parameter, value: unknown): CcuFault {
  const given = typeof value === 'object' ? 'a compound' : `${typeof value} ${JSON.stringify(value)}`
  return new CcuFault(CCU_FAULTS.unknownParameter, `${name} takes ${EXPECTED[type]}, not ${given}`)
}
