import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  checkThreadOptions,
  isModuleRef,
  loadModuleRef,
  type ModuleRef,
  toPlainModuleRef,
} from '../../src/channel/index.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'x-module-ref-'))
  await writeFile(join(folder, 'lookup.mjs'), 'export default 1\nexport const lookup = (name) => `found ${name}`\n')
  await writeFile(join(folder, 'broken.mjs'), 'throw new RangeError("broken")\n')
})
afterAll(() => rm(folder, { recursive: true }))

describe('a module reference', () => {
  test('is loaded from a URL, its text, or an absolute path', async () => {
    const path = join(folder, 'lookup.mjs')
    for (const module of [pathToFileURL(path), pathToFileURL(path).href, path]) {
      const lookup = await loadModuleRef<(name: string) => string>({ module, export: 'lookup' })
      expect(lookup('it')).toBe('found it')
    }
    expect(await loadModuleRef({ module: path, export: 'default' })).toBe(1)
  })

  test('names what is missing', async () => {
    const module = join(folder, 'lookup.mjs')
    await expect(loadModuleRef({ module, export: 'toString' })).rejects.toMatchObject({
      code: 'LOOP_MODULE_REF',
      module: pathToFileURL(module).href,
      export: 'toString',
    })
    const broken = loadModuleRef({ module: join(folder, 'broken.mjs'), export: 'x' })
    await expect(broken).rejects.toMatchObject({ code: 'LOOP_MODULE_REF', cause: { message: 'broken' } })
  })

  test.each(['./lookup.mjs', 'some-package', ''])('is refused when it depends on who resolves it: %j', (module) => {
    expect(() => toPlainModuleRef({ module, export: 'x' }, 'tls.lookup')).toThrow(
      expect.objectContaining({ code: 'LOOP_OPTION', option: 'tls.lookup.module' }) as Error,
    )
  })

  test('is told from other objects by its form', () => {
    expect(isModuleRef({ module: 'a', export: 'b' })).toBe(true)
    expect(isModuleRef({ module: new URL('file:///a'), export: 'b' })).toBe(true)
    for (const other of [null, 'a', {}, { module: 'a' }, { module: 1, export: 'b' }, { module: 'a', export: 1 }]) {
      expect(isModuleRef(other)).toBe(false)
      expect(() => toPlainModuleRef(other as ModuleRef)).toThrow(
        expect.objectContaining({ code: 'LOOP_OPTION' }) as Error,
      )
    }
  })
})

describe('options for thread mode', () => {
  test('may be plain, or module references, or kept by the facade', () => {
    const options = {
      host: 'localhost',
      tls: { ca: Buffer.from('x') },
      lookup: { module: new URL('file:///x.js'), export: 'lookup' },
      logger: { info: () => undefined },
      onEvent: () => undefined,
    }
    expect(() => checkThreadOptions(options, ['logger', 'onEvent'])).not.toThrow()
  })

  test('are refused by their path when they hold a function or live object', () => {
    const refused = (option: string) => expect.objectContaining({ code: 'LOOP_THREAD_OPTION', option }) as Error
    expect(() => checkThreadOptions({ tls: { lookup: () => undefined } })).toThrow(refused('tls.lookup'))
    expect(() => checkThreadOptions({ signal: AbortSignal.abort() })).toThrow(refused('signal'))
  })

  test('that throw when they are read say so themselves', () => {
    const options = {
      inner: {
        get port(): never {
          throw new RangeError('unreadable')
        },
      },
    }
    expect(() => checkThreadOptions(options)).toThrow(RangeError)
  })
})
