import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'

const FOLDERS = [
  'backoff',
  'breaker',
  'clock',
  'concurrency',
  'deadline-context',
  'errors',
  'events',
  'fallback',
  'log',
  'observe',
  'policy',
  'rate',
  'recommended',
  'reconnect',
  'resources',
  'retry',
  'service',
  'streams',
  'timeout',
] as const

const SOURCES = new URL('../src/', import.meta.url)

/** The place, and those who listen to signals of their own. */
const LISTENING = ['concurrency/abort-listeners.ts', 'dispatch/dispatcher.ts', 'reconnect/reconnector.ts']

interface Imported {
  readonly exported: string[]
  readonly resources: string[]
  readonly globals: string[]
}

async function sourcesOf(folder: string): Promise<{ path: string; text: string }[]> {
  const directory = new URL(`${folder}/`, SOURCES)
  const names = (await readdir(directory)).filter((name) => name.endsWith('.ts'))
  return Promise.all(
    names.map(async (name) => ({ path: `${folder}/${name}`, text: await readFile(new URL(name, directory), 'utf8') })),
  )
}

describe.each(FOLDERS)('%s', (folder) => {
  it('can be imported alone, and begins nothing', async () => {
    const entry = new URL(`${folder}/index.ts`, SOURCES).href
    const worker = new Worker(new URL('./importer.ts', import.meta.url), { workerData: { entry } })
    // the thread ends by itself: nothing holds it. Its last message may come in the very turn of its end
    const [[imported], [exitCode]] = (await Promise.all([once(worker, 'message'), once(worker, 'exit')])) as [
      [Imported],
      [number],
    ]
    expect(exitCode).toBe(0)
    expect(imported.exported.length).toBeGreaterThan(0)
    expect(imported.resources).toEqual([])
    expect(imported.globals).toEqual([])
  })

  it('depends on nothing but itself, its siblings and Node', async () => {
    const sources = await sourcesOf(folder)
    expect(sources.length).toBeGreaterThan(1)
    for (const { path, text } of sources) {
      const imports = [...text.matchAll(/from '([^']+)'/g)].map(([, from]) => from ?? '')
      const foreign = imports.filter((from) => !/^\.\.?\/[\w/-]+\.ts$|^node:/.test(from))
      expect([path, foreign]).toEqual([path, []])
    }
  })

  it('takes time and chance from nowhere but the system clock and its options', async () => {
    const ambient =
      /\bDate\.now\b|\bnew Date\(\)|\bsetTimeout\(|\bsetInterval\(|\bperformance\b|\bhrtime\b|\bMath\.random\(/g
    for (const { path, text } of await sourcesOf(folder)) {
      const found = path === 'clock/system-clock.ts' ? [] : [...text.matchAll(ambient)].map(([match]) => match)
      expect([path, found]).toEqual([path, []])
    }
  })
})

it('signals of the user are listened to in one place, so that many waits on one are one listener', async () => {
  const entries = await readdir(SOURCES, { withFileTypes: true })
  // laws listen as a user would
  const folders = entries.filter((entry) => entry.isDirectory() && entry.name !== 'testing').map(({ name }) => name)
  const sources = (await Promise.all(folders.map(sourcesOf))).flat()
  const listening = sources.filter(({ text }) => text.includes(".addEventListener('abort'"))
  expect(listening.map(({ path }) => path).toSorted()).toEqual(LISTENING)
})
