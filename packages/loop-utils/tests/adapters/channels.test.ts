import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { CHANNEL_NAMES, CHANNELS, subscribeToChannels } from '../../src/adapters/index.ts'
import { constant } from '../../src/backoff/index.ts'
import { CircuitBreaker, consecutive } from '../../src/breaker/index.ts'
import { ManualClock } from '../../src/clock/index.ts'
import { adaptiveConcurrency, Bulkhead, hedge } from '../../src/concurrency/index.ts'
import { fallback, implementationFallback } from '../../src/fallback/index.ts'
import { RetryBudget } from '../../src/rate/index.ts'
import { Reconnector } from '../../src/reconnect/index.ts'
import { retry } from '../../src/retry/index.ts'
import { timeout } from '../../src/timeout/index.ts'
import { PARTS } from '../observe/parts.ts'
import { TestLink } from '../reconnect/link-bench.ts'
import { Beacon } from '../service/beacon.ts'
import { settled } from '../settled.ts'

const sources = fileURLToPath(new URL('../../src', import.meta.url))

/** The names of all observation points that the sources make. */
function namesInSources(): string[] {
  return readdirSync(sources, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => {
      const code = readFileSync(path.join(sources, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\//g, '')
      const made = [...code.matchAll(/new ObservationPoint\(([^)]*)\)/g)].map(([, argument = '']) => argument.trim())
      return made.map((argument) => {
        const name = /^'([^']+)'$/.exec(argument)?.[1]
        if (name === undefined) throw new Error(`${file}: the name ${argument} cannot be read; write it out`)
        return name
      })
    })
}

describe('the list of channels', () => {
  it('holds every name that the sources publish under, and no other', () => {
    const names = namesInSources()
    expect(names.length).toBeGreaterThan(10)
    expect([...CHANNEL_NAMES].sort()).toEqual([...new Set(names)].sort())
  })

  it('is in order, each name once, with what its data hold', () => {
    expect([...CHANNEL_NAMES].sort()).toEqual(CHANNEL_NAMES)
    expect(new Set(CHANNEL_NAMES).size).toBe(CHANNELS.length)
    for (const { when, fields } of CHANNELS) {
      expect(when).toMatch(/^[a-z].*[a-z]$/)
      expect(fields.length).toBeGreaterThan(0)
    }
  })
})

const down = (): Promise<never> => Promise.reject(new Error('down'))

/** Brings about every event of the package. */
async function everything(clock: ManualClock): Promise<void> {
  const breaker = new CircuitBreaker({ clock, trip: consecutive(1), halfOpenAfterMs: 10 })
  await settled(breaker.execute(down))
  await settled(breaker.execute(down))
  await clock.advance(10)
  await settled(breaker.execute(down))

  const bulkhead = new Bulkhead({ concurrent: 1, clock })
  const held = settled(bulkhead.execute(() => clock.sleep(1)))
  await settled(bulkhead.execute(down))
  await clock.advance(1)
  await held

  const overload = Object.assign(new Error('busy'), { status: 429 })
  await settled(adaptiveConcurrency({ clock, initial: 10 }).execute(() => Promise.reject(overload)))
  await fallback('none', { clock }).execute(down)
  const pair = implementationFallback<{ read(): Promise<string> }>(
    { read: down },
    { read: async () => 'backup' },
    { trip: consecutive(1), clock },
  )
  await settled(pair.read())
  await settled(hedge(down, { afterMs: 1, clock }))

  const budget = new RetryBudget({ capacity: 1, initial: 0, minPerSecond: 0, ratio: 0, clock })
  await settled(retry(down, { budget, clock }))
  const again = settled(retry(down, { maxAttempts: 2, backoff: constant(0), clock }))
  await clock.advance(0)
  await again

  const timed = settled(timeout(() => clock.sleep(5).then(down), 1, { clock, what: 'reading' }))
  await clock.advance(10)
  await timed

  const service = new Beacon({ clock })
  await service.start()
  await service.stop()
  const reconnector = new Reconnector({ connect: () => new TestLink(), clock, stableAfterMs: 1 })
  reconnector.start()
  await clock.advance(1)
  await reconnector.stop()
}

describe('every channel', () => {
  it('tells of what the list says, with no other fields', async () => {
    const seen = new Map<string, Set<string>>()
    const subscription = subscribeToChannels(CHANNEL_NAMES, (name, data) => {
      const fields = seen.get(name) ?? new Set()
      for (const field of Object.keys(data)) fields.add(field)
      seen.set(name, fields)
    })
    await everything(new ManualClock())
    for (const [, run] of PARTS) await run()
    subscription[Symbol.dispose]()
    expect([...seen.keys()].sort()).toEqual(CHANNEL_NAMES)
    for (const { name, fields } of CHANNELS) {
      expect(fields, name).toEqual(expect.arrayContaining([...(seen.get(name) ?? [])]))
    }
  })
})
