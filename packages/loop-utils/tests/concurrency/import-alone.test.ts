import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'

const SOURCES = new URL('../../src/', import.meta.url)

async function importAlone(path: string): Promise<{ exported: string[]; resources: string[]; globals: string[] }> {
  const entry = new URL(path, SOURCES).href
  const worker = new Worker(new URL('../importer.ts', import.meta.url), { workerData: { entry } })
  // the thread ends by itself: nothing holds it. Its last message may come in the very turn of its end
  const [[imported], [exitCode]] = (await Promise.all([once(worker, 'message'), once(worker, 'exit')])) as [
    [Awaited<ReturnType<typeof importAlone>>],
    [number],
  ]
  expect(exitCode).toBe(0)
  return imported
}

describe.each(['concurrency', 'rate'])('%s', (folder) => {
  it('can be imported as a whole, and begins nothing', { timeout: 60_000 }, async () => {
    const imported = await importAlone(`${folder}/index.ts`)
    expect(imported.exported.length).toBeGreaterThan(5)
    expect([imported.resources, imported.globals]).toEqual([[], []])
  })

  it('can be imported part by part, in any order', async () => {
    const names = await readdir(new URL(`${folder}/`, SOURCES))
    expect(names.length).toBeGreaterThan(10)
    // each alone in a module graph of its own, so that a cycle of imports would show
    for (const name of names) {
      const module = (await import(/* @vite-ignore */ new URL(`${folder}/${name}`, SOURCES).href)) as object
      expect(Object.keys(module)).toBeDefined()
    }
  }, 60_000)
})
