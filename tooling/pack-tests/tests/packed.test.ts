import { execFile } from 'node:child_process'
import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compilations, compile, typedConsumer } from './compiling.ts'
import { Consumer, publishable, Tarballs } from './packing.ts'
import { manifestFlaws, typeFlaws } from './shape.ts'

const EVENT = { answer: true, channelAddress: 'ABC:1', parameter: 'STATE', value: true }
const runBuiltLaws = fileURLToPath(
  new URL('../../../packages/loop-utils/tests/conformance/run-built.mjs', import.meta.url),
)

let tarballs: Tarballs
const consumers = new Map<string, Consumer>()

/** The folder in which a package is installed alone; made once. */
async function installed(name: string): Promise<Consumer> {
  const consumer = consumers.get(name) ?? (await Consumer.install(tarballs, name))
  consumers.set(name, consumer)
  return consumer
}

beforeAll(async () => {
  tarballs = await Tarballs.pack()
}, 120_000)
afterAll(() => {
  for (const consumer of consumers.values()) consumer[Symbol.dispose]()
  tarballs[Symbol.dispose]()
})

describe('the check of the shape', () => {
  it('finds an entry that is not there, and types that TypeScript cannot find', async () => {
    using folder = new Consumer()
    const exports = { '.': './index.js', './lost': './lost.js' }
    writeFileSync(
      join(folder.path, 'package.json'),
      JSON.stringify({ name: 'misshapen', version: '1.0.0', type: 'module', exports }),
    )
    writeFileSync(join(folder.path, 'index.js'), 'export const one = 1\n')
    writeFileSync(join(folder.path, 'index.d.ts'), 'export declare const one: 1\n')
    await tarballs.add('misshapen', folder.path)
    const tarball = tarballs.of('misshapen')
    expect(await manifestFlaws(tarball)).toEqual([expect.stringContaining('lost.js')])
    expect(await typeFlaws(tarball)).toEqual(expect.arrayContaining([expect.stringContaining('"entrypoint":"./lost"')]))
  })
})

interface ImportedEntry {
  readonly same?: boolean
  readonly needs?: string
}

describe('a packed tarball, alone in an empty folder', () => {
  it('is there for every published package', () => {
    expect([...publishable.keys()].sort()).toEqual([
      '@x/bgp-reactor',
      '@x/controller-core',
      '@x/fake-device',
      '@x/loop-utils',
      '@x/mqtt-gateway',
      '@x/testkit',
      '@x/tuya-async',
      '@x/xmlrpc-server',
    ])
  })

  it.each([...publishable.keys()])(
    'is in shape, and TypeScript finds the types of every entry: %s',
    async (name) => {
      const tarball = tarballs.of(name)
      expect([await manifestFlaws(tarball), await typeFlaws(tarball)]).toEqual([[], []])
    },
    120_000,
  )

  it.each([...publishable.keys()])(
    'imports every entry, and by require() too: %s',
    async (name) => {
      const consumer = await installed(name)
      const entries = JSON.parse(await consumer.run('import-all.mjs', name)) as Record<string, ImportedEntry>
      // only what belongs to a test runner may need one
      const broken = Object.entries(entries).filter(([path, { needs, same }]) =>
        needs === undefined ? same !== true : path !== './modes' || needs !== 'vitest',
      )
      expect(broken).toEqual([])
      expect(Object.keys(entries).length).toBeGreaterThan(0)
    },
    120_000,
  )

  it('keeps the laws of the channel: @x/loop-utils', async () => {
    const consumer = await installed('@x/loop-utils')
    copyFileSync(runBuiltLaws, join(consumer.path, 'laws.mjs'))
    expect(await consumer.exec(process.execPath, 'laws.mjs')).toMatch(/^[1-9]\d* passed, 0 failed$/m)
  }, 120_000)

  it('takes callbacks on the loop and in a thread: @x/xmlrpc-server', async () => {
    const consumer = await installed('@x/xmlrpc-server')
    for (const mode of ['loop', 'thread']) {
      expect(JSON.parse(await consumer.run('xmlrpc-server.mjs', mode))).toEqual({ mode, ...EVENT })
    }
  }, 120_000)

  it('works when a bundler has swallowed it, with its thread entry bundled beside: @x/xmlrpc-server', async () => {
    // a folder of its own: nothing of what was installed is left in it in the end
    using consumer = Consumer.from(await installed('@x/xmlrpc-server'))
    consumer.add('xmlrpc-server.mjs')
    await build({
      absWorkingDir: consumer.path,
      entryPoints: { main: 'xmlrpc-server.mjs', thread: '@x/xmlrpc-server/thread' },
      bundle: true,
      platform: 'node',
      format: 'esm',
      outdir: 'out',
      outExtension: { '.js': '.mjs' },
      logLevel: 'error',
    })
    await consumer.exec('rm', '-r', 'node_modules')
    expect(JSON.parse(await consumer.exec(process.execPath, 'out/main.mjs', 'loop'))).toEqual({
      mode: 'loop',
      ...EVENT,
    })
    const threaded = await consumer.exec(process.execPath, 'out/main.mjs', 'thread', 'out/thread.mjs')
    expect(JSON.parse(threaded)).toEqual({ mode: 'thread', ...EVENT })
  }, 120_000)

  it('plays a CCU: @x/testkit', async () => {
    const consumer = await installed('@x/testkit')
    expect(JSON.parse(await consumer.run('testkit.mjs'))).toEqual({ status: 200, isAnswer: true })
  }, 120_000)

  it('runs as a program and from a test: @x/fake-device', async () => {
    using consumer = await Consumer.installWithNpm(tarballs, '@x/fake-device')
    expect(JSON.parse(await consumer.run('fake-device.mjs'))).toEqual({ devices: expect.any(Number), page: true })
    const program = join(consumer.path, 'node_modules', '.bin', 'fake-device')
    const version = await new Promise((resolve) => {
      execFile(program, ['--version'], (_error, stdout) => resolve(stdout.trim()))
    })
    expect(version).toMatch(/^\d+\.\d+\.\d+/)
  }, 120_000)
})

describe('a consumer of all packed tarballs', () => {
  let consumer: Consumer
  beforeAll(async () => {
    consumer = typedConsumer(await Promise.all([...publishable.keys()].map((name) => installed(name))))
  }, 120_000)
  afterAll(() => consumer[Symbol.dispose]())

  it.each(compilations)(
    'compiles with TypeScript $version and modules of $modules.moduleResolution, library files checked',
    async (compilation) => {
      expect(await compile(consumer, compilation)).toBe('')
    },
    120_000,
  )
})
