import { describe, expect, test } from 'vitest'
import {
  CallCancelledError,
  ContractError,
  LinkClosedError,
  loadModuleRef,
  ModuleRefError,
  RecordBatch,
  RecordBatchError,
  toPlainModuleRef,
} from '../../src/channel/index.ts'
import { rejection } from '../settled.ts'

describe('an error of the channel tells what to do', () => {
  test.each<[string, string, () => Error]>([
    [
      'LinkClosedError',
      "the link to engine 'ccu' is closed; place the engine again before calling it",
      () => new LinkClosedError('ccu'),
    ],
    [
      'CallCancelledError',
      "whoever asked for 'read' waits no longer; stop working on it",
      () => new CallCancelledError('read'),
    ],
    [
      'ContractError',
      "there is no command 'x' in engine 'ccu'; load the same version of the package at both ends",
      () => new ContractError("command 'x'", "engine 'ccu'"),
    ],
    [
      'ModuleRefError',
      "module file:///a.js has no export 'b'; check its name",
      () => new ModuleRefError({ module: 'file:///a.js', export: 'b' }),
    ],
    [
      'ModuleRefError',
      'module file:///a.js could not be loaded; see the cause',
      () => new ModuleRefError({ module: 'file:///a.js', export: 'b' }, { cause: 1 }),
    ],
    [
      'RecordBatchError',
      'record 3 of the batch ends outside it; pass on what take() gave, unchanged',
      () => new RecordBatchError(3),
    ],
    [
      'RecordBatchError',
      'record batch is shorter than its table; pass on what take() gave, unchanged',
      () => new RecordBatchError(-1),
    ],
  ])('%s: %s', (name, message, make) => {
    const error = make()
    expect([error.name, error.message]).toEqual([name, message])
  })
})

describe('a wrong option is named', () => {
  test.each<[string, () => unknown]>([
    ['maxRecords', () => new RecordBatch({ maxRecords: 0 })],
    ['maxBytes', () => new RecordBatch({ maxBytes: 0 })],
    ['moduleRef', () => toPlainModuleRef(5 as never)],
    ['moduleRef', () => toPlainModuleRef(null as never)],
    ['moduleRef.module', () => toPlainModuleRef({ module: './relative.js', export: 'a' })],
    ['crypto', () => toPlainModuleRef({ module: 5 as never, export: 'a' }, 'crypto')],
  ])('%s', (option, make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'LOOP_OPTION', option }))
  })

  test('of a module, and what is missing in one', async () => {
    const module = new URL(import.meta.url)
    const missing = await rejection(loadModuleRef({ module: new URL('./no-such-file.ts', module), export: 'a' }))
    expect(missing).toMatchObject({
      code: 'LOOP_MODULE_REF',
      message: expect.stringContaining('see the cause') as string,
    })
    const other = new URL('../settled.ts', module)
    expect(await rejection(loadModuleRef({ module: other, export: 'nothing' }))).toMatchObject({
      message: expect.stringContaining("has no export 'nothing'; check its name") as string,
    })
    expect(await loadModuleRef({ module: other, export: 'never' })).toBeTypeOf('function')
  })
})
