import { types } from 'node:util'
import { MessagePort } from 'node:worker_threads'
import { describeThrown } from '../errors/describe-thrown.ts'
import { NotPlainError } from '../errors/not-plain-error.ts'
import type { ExecutorTransfer } from './transfer-list.ts'

/** Why a value cannot be cloned. */
export interface CloneFault {
  readonly path: string
  readonly found: string
}

/** What was to cross. */
export interface Crossing {
  readonly value: unknown
  readonly path: string
  readonly transfer: readonly ExecutorTransfer[]
}

/** The typed error for one that the engine threw since it could not clone a value. */
export function toCloneError(error: unknown, crossing: Crossing): NotPlainError {
  const fault = cloneFaultOf(error, crossing)
  return new NotPlainError(fault.path, fault.found)
}

/** The part of a value that the engine could not clone; the value itself when its parts do not tell. */
export function cloneFaultOf(error: unknown, { value, path, transfer }: Crossing): CloneFault {
  const found = `not clonable (${describeThrown(error)})`
  return (isReadable(value) ? findCloneFault(value, path, transfer) : undefined) ?? { path, found }
}

/** Whether a value can be looked into; a getter in it, say, may throw. */
export function isReadable(value: unknown): boolean {
  try {
    findCloneFault(value, '', [])
    return true
  } catch {
    return false
  }
}

/** How many values are looked at: beyond, the clone itself has to tell. */
const MAX_VALUES = 10_000

/**
 * The first part of `value` that the structured clone algorithm refuses when `transfer` is moved with it, as far as that
 * can be seen from outside.
 */
export function findCloneFault(
  value: unknown,
  path: string,
  transfer: readonly ExecutorTransfer[],
): CloneFault | undefined {
  const seen = new Set<unknown>(transfer)
  const open: [unknown, string][] = [[value, path]]
  for (const [part, where] of open) {
    if (seen.size > MAX_VALUES) return undefined
    if (seen.has(part)) continue
    seen.add(part)
    const found = faultOf(part)
    if (found !== undefined) return { path: where, found }
    if (typeof part === 'object' && part !== null) for (const inner of partsOf(part, where)) open.push(inner)
  }
  return undefined
}

/** Numbers, texts and the like are never at fault, and are not even told of: there may be millions. */
function mayBeAtFault(value: unknown): boolean {
  return typeof value === 'function' || typeof value === 'symbol' || (typeof value === 'object' && value !== null)
}

function faultOf(value: unknown): string | undefined {
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'symbol' || types.isSymbolObject(value)) return 'a symbol'
  if (types.isPromise(value)) return 'a promise'
  if (types.isProxy(value)) return 'a proxy'
  if (types.isGeneratorObject(value)) return 'a generator'
  if (value instanceof MessagePort) return 'a MessagePort that is not moved'
  const isWeak = types.isWeakMap(value) || types.isWeakSet(value) || value instanceof WeakRef
  return isWeak ? 'a weak collection or reference' : undefined
}

function* partsOf(value: object, path: string): Generator<[unknown, string]> {
  if (isWhole(value)) return
  if (types.isMap(value)) yield* partsOfMap(value, path)
  else if (types.isSet(value)) yield* partsOfList(value, () => `${path} member`)
  else if (Array.isArray(value)) yield* partsOfList(value, (index) => `${path}[${index}]`)
  else if (types.isNativeError(value)) yield [value.cause, `${path}.cause`]
  else for (const [key, item] of Object.entries(value)) if (mayBeAtFault(item)) yield [item, `${path}.${key}`]
}

/** Whether a clone leaves out whatever was added to the value. An error, of which it leaves out most, keeps its cause. */
function isWhole(value: object): boolean {
  const isBinary = types.isAnyArrayBuffer(value) || ArrayBuffer.isView(value)
  return isBinary || types.isDate(value) || types.isRegExp(value) || types.isBoxedPrimitive(value)
}

function* partsOfList(items: Iterable<unknown>, pathOf: (index: number) => string): Generator<[unknown, string]> {
  let index = 0
  for (const item of items) {
    if (mayBeAtFault(item)) yield [item, pathOf(index)]
    index++
  }
}

function* partsOfMap(map: ReadonlyMap<unknown, unknown>, path: string): Generator<[unknown, string]> {
  for (const [key, item] of map) {
    if (mayBeAtFault(key)) yield [key, `${path} key`]
    if (mayBeAtFault(item)) yield [item, `${path}.get(${show(key)})`]
  }
}

function show(key: unknown): string {
  return typeof key === 'string' ? `'${key}'` : typeof key === 'number' ? `${key}` : '…'
}
