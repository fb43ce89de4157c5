/** The value types of the Homematic interfaces. An `ACTION` is an impulse without a state. */
export type ParameterType = 'BOOL' | 'INTEGER' | 'FLOAT' | 'ENUM' | 'STRING' | 'ACTION'

/** What a parameter holds. An `ENUM` holds the position in its list. */
export type ParameterValue = boolean | number | string

/** One parameter of a paramset. */
export interface Parameter {
  readonly name: string
  readonly type: ParameterType
  /** Whether its value can be read, be set, and is reported when it changes. */
  readonly isReadable: boolean
  readonly isWritable: boolean
  readonly isReported: boolean
  readonly initial: ParameterValue
  readonly min: ParameterValue
  readonly max: ParameterValue
  readonly unit: string
  /** The names of an `ENUM`'s values; else empty. */
  readonly names: readonly string[]
  /** How a user interface shows it, such as `SWITCH.STATE`. */
  readonly control: string
  /** Set by the device about itself, not by its function. */
  readonly isService: boolean
}

/** Which operations a parameter admits: `r` read, `w` write, `e` event. */
export type Operations = 'r' | 'w' | 'e' | 'rw' | 're' | 'we' | 'rwe'

interface ParameterExtras {
  readonly unit?: string
  readonly control?: string
  readonly isService?: boolean
}

/** A switch: true or false. */
export function bool(
  name: string,
  operations: Operations,
  extras: ParameterExtras & { initial?: boolean } = {},
): Parameter {
  return parameter(name, operations, { type: 'BOOL', min: false, max: true, initial: false, ...extras })
}

/** An impulse, such as a key that is pressed. */
export function action(name: string, operations: Operations, extras: ParameterExtras = {}): Parameter {
  return parameter(name, operations, { type: 'ACTION', min: false, max: true, initial: false, ...extras })
}

interface NumberExtras extends ParameterExtras {
  readonly min: number
  readonly max: number
  readonly initial?: number
}

/** A number with a fraction. */
export function float(name: string, operations: Operations, extras: NumberExtras): Parameter {
  return parameter(name, operations, { type: 'FLOAT', initial: Math.max(extras.min, 0), ...extras })
}

/** A whole number. */
export function integer(name: string, operations: Operations, extras: NumberExtras): Parameter {
  return parameter(name, operations, { type: 'INTEGER', initial: Math.max(extras.min, 0), ...extras })
}

/** One of several named values. */
export function choice(
  name: string,
  operations: Operations,
  extras: ParameterExtras & { readonly names: readonly string[]; readonly initial?: number },
): Parameter {
  return parameter(name, operations, { type: 'ENUM', min: 0, max: extras.names.length - 1, initial: 0, ...extras })
}

/** A text. */
export function string(
  name: string,
  operations: Operations,
  extras: ParameterExtras & { initial?: string } = {},
): Parameter {
  return parameter(name, operations, { type: 'STRING', min: '', max: '', initial: '', ...extras })
}

type Given = Pick<Parameter, 'type' | 'min' | 'max' | 'initial'> & Partial<Parameter>

function parameter(name: string, operations: Operations, given: Given): Parameter {
  return {
    name,
    isReadable: operations.includes('r'),
    isWritable: operations.includes('w'),
    isReported: operations.includes('e'),
    unit: '',
    names: [],
    control: '',
    isService: false,
    ...given,
  }
}
