import { types } from 'node:util'
import { MessagePort } from 'node:worker_threads'
import type { ExecutorTransfer } from './transfer-list.ts'

/** Why a value cannot be cloned. */
export interface CloneFault {
  readonly path: string
  readonly found: string
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
  const seen = new Set<object>(transfer)
  const open: [unknown, string][] = [[value, path]]
  for (let looked = 0; looked < MAX_VALUES; looked++) {
    const next = open.shift()
    if (next === undefined) return undefined
    const [part, where] = next
    if (typeof part === 'object' && part !== null) {
      if (seen.has(part)) continue
      seen.add(part)
    }
    const found = faultOf(part)
    if (found !== undefined) return { path: where, found }
    if (typeof part !== 'object' || part === null) continue
    // one by one, since a spread of a long list would overflow the stack
    for (const inner of partsOf(part, where)) if (isWorthALook(inner[0])) open.push(inner)
  }
  return undefined
}

function isWorthALook(value: unknown): boolean {
  return typeof value === 'function' || typeof value === 'symbol' || (typeof value === 'object' && value !== null)
}

function faultOf(value: unknown): string | undefined {
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'symbol') return 'a symbol'
  if (types.isPromise(value)) return 'a promise'
  if (types.isProxy(value)) return 'a proxy'
  if (types.isGeneratorObject(value)) return 'a generator'
  if (value instanceof MessagePort) return 'a MessagePort that is not moved'
  const isWeak = types.isWeakMap(value) || types.isWeakSet(value) || value instanceof WeakRef
  return isWeak ? 'a weak collection or reference' : undefined
}

function* partsOf(value: object, path: string): Generator<[unknown, string]> {
  if (types.isAnyArrayBuffer(value) || ArrayBuffer.isView(value)) return
  if (types.isMap(value)) {
    for (const [key, item] of value)
      yield* [[key, `${path} key`] as [unknown, string], [item, `${path}.get(${show(key)})`]]
  } else if (types.isSet(value)) {
    for (const item of value) yield [item, `${path} member`]
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield [item, `${path}[${index}]`]
  } else {
    for (const [key, item] of Object.entries(value)) yield [item, `${path}.${key}`]
  }
}

function show(key: unknown): string {
  return typeof key === 'string' ? `'${key}'` : typeof key === 'number' ? `${key}` : '…'
}
