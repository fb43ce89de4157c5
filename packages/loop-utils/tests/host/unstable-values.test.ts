import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { type EngineDefinition, type EngineLink, ThreadHost } from '../../src/channel/index.ts'
import { rejection } from '../settled.ts'
import { type UnstableContract, unstable, unstableEngine } from './unstable.thread.ts'

async function withLink(
  use: (link: EngineLink<UnstableContract>, seen: { events: unknown[]; errors: unknown[] }) => Promise<void>,
): Promise<void> {
  await using host = new ThreadHost({
    entry: () => new Worker(new URL('./unstable.thread.js', import.meta.url)),
    restart: { maxRestarts: 0 },
  })
  const events: unknown[] = []
  const errors: unknown[] = []
  const note = (data: unknown): void => void events.push(data)
  const definition: EngineDefinition<UnstableContract, null> = unstableEngine
  const link = await host.place(definition, null, {
    events: { lossless: note, latest: note },
    questions: { unstable, echo: (value) => value },
    onError: (error) => errors.push(error),
  })
  await use(link, { events, errors })
  expect(link.state).toBe('up')
  expect(link.stats).toMatchObject({ restarts: 0, pendingCalls: 0 })
}

function refusalOf(path: string): object {
  return {
    code: 'LOOP_NOT_PLAIN',
    path,
    found: expect.stringMatching(/^not clonable \(.*could not be cloned/) as string,
  }
}

test('the input of a call that turns out not to be clonable rejects that call alone', async () => {
  await withLink(async (link) => {
    const before = link.call('echo', 1)
    const refused = link.call('echo', unstable())
    const after = link.call('echo', 2)
    expect(await rejection(refused)).toMatchObject(refusalOf('echo.input'))
    expect([await before, await after]).toEqual([1, 2])
  })
})

test('the output of a call that turns out not to be clonable rejects it', async () => {
  await withLink(async (link) => {
    expect(await rejection(link.call('give', null))).toMatchObject(refusalOf('output'))
    expect(await link.call('echo', 1)).toBe(1)
  })
})

test('the input and the output of a question that turn out not to be clonable reject it', async () => {
  await withLink(async (link) => {
    expect(await link.call('ask', 'echo')).toBe('echo.input')
    expect(await link.call('ask', 'unstable')).toBe('answer')
    expect(await link.call('echo', 1)).toBe(1)
  })
})

test('an event that turns out not to be clonable is left out and told of, and those behind it are delivered, of its key, too', async () => {
  await withLink(async (link, { errors, events }) => {
    await link.call('emit', 'lossless')
    await link.call('emit', 'latest')
    expect(events).toEqual(['after', 'after'])
    expect(errors).toMatchObject([refusalOf('lossless'), refusalOf('latest')])
  })
})

test('a log line that turns out not to be clonable is left out', async () => {
  await withLink(async (link, { errors }) => {
    link.observe({ logLevel: 'debug' })
    await link.call('log', null)
    expect(errors).toEqual([])
    expect(link.stats.dropped).toEqual({ '(observations)': 1 })
  })
})
