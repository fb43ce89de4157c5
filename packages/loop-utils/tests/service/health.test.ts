import { describe, expect, it } from 'vitest'
import { TimeoutError } from '../../src/errors/index.ts'
import type { HealthReport } from '../../src/service/index.ts'
import { Beacon } from './beacon.ts'

describe('health', () => {
  it('is a plain value with status, counters, link and last error', async () => {
    const beacon = new Beacon({ name: 'north' })
    await beacon.start()
    await beacon.clock.advance(500)
    beacon.beep()
    beacon.link = { state: 'waiting', failures: 2, retryInMs: 4000 }
    beacon.sayReady(false, new TimeoutError(10, 'attempt', { what: 'connecting' }))
    const report = beacon.health()
    expect(report).toEqual({
      service: 'north',
      status: 'degraded',
      reason: expect.stringContaining('connecting timed out') as string,
      since: 1500,
      state: 'running',
      isReady: false,
      incarnation: 1,
      counters: { beeps: 1 },
      lastError: { name: 'TimeoutError', message: report.reason, code: 'LOOP_TIMEOUT', at: 1500 },
      link: { state: 'waiting', failures: 2, retryInMs: 4000 },
    })
    expect(structuredClone(report)).toEqual(report)
    await beacon.stop()
  })

  it('tells of every change of status or reason, and of nothing else', async () => {
    const beacon = new Beacon({ readiness: 'manual' })
    const seen: unknown[] = []
    beacon.on('health', ({ status, reason, since }: HealthReport) => void seen.push([status, reason, since]))
    await beacon.start()
    beacon.sayReady(false)
    await beacon.clock.advance(10)
    beacon.sayReady(true)
    beacon.sayReady(true)
    beacon.restrict('slow')
    beacon.restrict('slow')
    await beacon.clock.advance(10)
    beacon.restrict('slower', new Error('slow peer'))
    beacon.restrict()
    await beacon.stop()
    expect(seen).toEqual([
      ['degraded', 'starting', 1000],
      ['degraded', 'not ready yet', 1000],
      ['ok', undefined, 1010],
      ['degraded', 'slow', 1010],
      ['degraded', 'slower', 1020],
      ['ok', undefined, 1020],
    ])
    expect(beacon.health().lastError?.message).toBe('slow peer')
  })

  it('is failed after a failure, and forgets its reason with the next incarnation', async () => {
    const beacon = new Beacon()
    const seen: unknown[] = []
    beacon.on('health', ({ status, reason }) => void seen.push([status, reason]))
    await beacon.start()
    beacon.restrict('slow')
    beacon.die(Object.assign(new Error('broke'), { code: 'E_BROKE' }))
    await beacon.start()
    expect(seen).toEqual([
      ['degraded', 'starting'],
      ['ok', undefined],
      ['degraded', 'slow'],
      ['failed', 'broke'],
      ['degraded', 'starting'],
      ['ok', undefined],
    ])
    expect(beacon.health()).toMatchObject({ status: 'ok', lastError: { message: 'broke', code: 'E_BROKE' } })
    await beacon.stop()
  })

  it('shows what was thrown though it is no error', async () => {
    const beacon = new Beacon()
    beacon.starting = () => {
      // oxlint-disable-next-line typescript/only-throw-error -- a hook may throw anything
      throw Object.create(null) as object
    }
    await beacon.start().catch(() => {})
    expect(beacon.health().reason).toBe('something was thrown that is not an error: object')
  })

  it('keeps its since when the wall clock jumps without a change', async () => {
    const beacon = new Beacon()
    await beacon.start()
    const { since } = beacon.health()
    beacon.clock.jumpWall(1e9)
    expect(beacon.health().since).toBe(since)
    await beacon.stop()
  })
})
