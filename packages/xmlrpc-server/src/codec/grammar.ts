/** What an element of an XML-RPC document is. */
export const ELEMENT = {
  document: 0,
  methodCall: 1,
  methodResponse: 2,
  methodName: 3,
  params: 4,
  fault: 5,
  param: 6,
  value: 7,
  scalar: 8,
  array: 9,
  data: 10,
  struct: 11,
  member: 12,
  name: 13,
} as const

export type ElementKind = (typeof ELEMENT)[keyof typeof ELEMENT]

/** What a child element is, and the step its parent is in after it. */
export interface Transition {
  readonly rule: ElementRule
  readonly step: number
}

/** Which children an element has, in which order, and whether it holds text. */
export interface ElementRule {
  readonly kind: ElementKind
  readonly hasText: boolean
  /** The children admitted in each step, by name. */
  readonly steps: readonly ReadonlyMap<string, Transition>[]
  /** Whether the element may end in each step. */
  readonly mayEnd: readonly boolean[]
}

type Children = Readonly<Record<string, readonly [rule: ElementRule, step: number]>>

function element(kind: ElementKind, mayEnd: readonly boolean[], children: readonly Children[]): ElementRule {
  return { kind, hasText: false, mayEnd, steps: children.map(transitions) }
}

function transitions(children: Children): ReadonlyMap<string, Transition> {
  return new Map(Object.entries(children).map(([name, [rule, step]]) => [name, { rule, step }]))
}

const SCALAR_RULE: ElementRule = { kind: ELEMENT.scalar, hasText: true, mayEnd: [true], steps: [new Map()] }
const METHOD_NAME: ElementRule = { ...SCALAR_RULE, kind: ELEMENT.methodName }
const NAME: ElementRule = { ...SCALAR_RULE, kind: ELEMENT.name }

/** The scalar types: those of the specification, then nil and i8, then Apache's extensions. */
export const SCALAR_TYPES = [
  'string',
  'int',
  'i4',
  'boolean',
  'double',
  'dateTime.iso8601',
  'base64',
  'nil',
  'i8',
  'i1',
  'i2',
  'float',
  'bigdecimal',
  'biginteger',
  'ex:nil',
  'ex:i1',
  'ex:i2',
  'ex:i4',
  'ex:i8',
  'ex:float',
  'ex:bigdecimal',
  'ex:biginteger',
  'ex:dateTime',
] as const

export type ScalarType = (typeof SCALAR_TYPES)[number]

const types = new Map<string, Transition>(SCALAR_TYPES.map((type) => [type, { rule: SCALAR_RULE, step: 1 }]))
/** A value: text, or one typed element. */
export const VALUE: ElementRule = {
  kind: ELEMENT.value,
  hasText: true,
  mayEnd: [true, true],
  steps: [types, new Map()],
}
export const DATA: ElementRule = {
  ...element(ELEMENT.data, [true], [{ value: [VALUE, 0] }]),
}
export const ARRAY: ElementRule = element(ELEMENT.array, [true, true], [{ data: [DATA, 1] }, {}])
/** A member: its name and its value, in either order. */
export const MEMBER: ElementRule = element(
  ELEMENT.member,
  [false, false, false, true],
  [{ name: [NAME, 1], value: [VALUE, 2] }, { value: [VALUE, 3] }, { name: [NAME, 3] }, {}],
)
export const STRUCT: ElementRule = element(ELEMENT.struct, [true], [{ member: [MEMBER, 0] }])
types.set('array', { rule: ARRAY, step: 1 })
types.set('struct', { rule: STRUCT, step: 1 })

const PARAM = element(ELEMENT.param, [false, true], [{ value: [VALUE, 1] }, {}])
const FAULT = element(ELEMENT.fault, [false, true], [{ value: [VALUE, 1] }, {}])
/** The parameters of a call: as many as there are. */
export const CALL_PARAMS: ElementRule = element(ELEMENT.params, [true], [{ param: [PARAM, 0] }])
const METHOD_CALL = element(
  ELEMENT.methodCall,
  [false, true, true],
  [{ methodName: [METHOD_NAME, 1] }, { params: [CALL_PARAMS, 2] }, {}],
)

/** A document that is a call. */
export const CALL_DOCUMENT: ElementRule = element(
  ELEMENT.document,
  [false, true],
  [{ methodCall: [METHOD_CALL, 1] }, {}],
)
/** A document that is a response. */
export const RESPONSE_DOCUMENT: ElementRule = responseDocument(false)
/** A document that is a response, possibly without a result. */
export const VOID_RESPONSE_DOCUMENT: ElementRule = responseDocument(true)

function responseDocument(mayBeVoid: boolean): ElementRule {
  const params = element(ELEMENT.params, [mayBeVoid, true], [{ param: [PARAM, 1] }, {}])
  const children: Children = { params: [params, 1], fault: [FAULT, 1] }
  const response = element(ELEMENT.methodResponse, [mayBeVoid, true], [children, {}])
  return element(ELEMENT.document, [mayBeVoid, true], [{ methodResponse: [response, 1] }, {}])
}
