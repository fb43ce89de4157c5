import { describe, expect, it } from 'vitest'
import { Pump, type Pumped } from '../../src/lane/pump.ts'
import { spin, turns } from './collector.ts'

/** A source with a number of pieces that each take a while. */
class Work implements Pumped {
  isScheduled = false
  readonly weight: number
  readonly sliceMs: number
  readonly log: string[]
  readonly name: string
  left: number
  readonly pieceMs: number

  constructor(
    name: string,
    log: string[],
    options: Partial<Record<'weight' | 'sliceMs' | 'left' | 'pieceMs', number>>,
  ) {
    this.name = name
    this.log = log
    this.weight = options.weight ?? 1
    this.sliceMs = options.sliceMs ?? 4
    this.left = options.left ?? 1000
    this.pieceMs = options.pieceMs ?? 0
  }

  deliver(limit: number, deadline: number): boolean {
    for (let i = 0; i < limit && this.left > 0 && performance.now() < deadline; i++) {
      this.left--
      this.log.push(this.name)
      spin(this.pieceMs)
    }
    return this.left > 0
  }
}

function share(log: readonly string[], name: string): number {
  return log.filter((entry) => entry === name).length
}

describe('the pump', () => {
  it('runs everything and then sleeps', async () => {
    const pump = new Pump()
    const log: string[] = []
    for (const name of ['a', 'b', 'c']) pump.schedule(new Work(name, log, { left: 500 }))
    await turns(20)
    expect(log).toHaveLength(1500)
    const { slices } = pump.stats
    await turns(20)
    expect(pump.stats.slices).toBe(slices)
    expect(process.getActiveResourcesInfo()).not.toContain('Immediate')
  })

  it('gives all busy sources their turn, by weight', async () => {
    const pump = new Pump()
    const log: string[] = []
    pump.schedule(new Work('light', log, { left: 10_000 }))
    pump.schedule(new Work('heavy', log, { left: 10_000, weight: 4 }))
    await turns(30)
    const start = log.slice(0, 8000)
    expect(share(start, 'heavy') / share(start, 'light')).toBeGreaterThan(3)
    expect(share(start, 'heavy') / share(start, 'light')).toBeLessThan(5)
    expect(log).toHaveLength(20_000)
  })

  it('survives a source that throws, and runs the others', async () => {
    const pump = new Pump()
    const log: string[] = []
    let throws = 2
    const thrower: Pumped = {
      isScheduled: false,
      weight: 1,
      sliceMs: 4,
      deliver: () => {
        if (throws-- > 0) throw new Error('thrown on purpose')
        return false
      },
    }
    const caught: unknown[] = []
    const listeners = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', (error) => caught.push(error.message))
    pump.schedule(thrower)
    pump.schedule(new Work('other', log, { left: 100 }))
    await turns(10)
    process.removeAllListeners('uncaughtException')
    for (const listener of listeners) process.on('uncaughtException', listener)
    expect(caught).toEqual(['thrown on purpose', 'thrown on purpose'])
    expect(log).toHaveLength(100)
    expect(thrower.isScheduled).toBe(false)
  })

  it('runs a source at once when the loop has just been given to it', () => {
    const pump = new Pump()
    const log: string[] = []
    const work = new Work('now', log, { left: 5 })
    pump.runNow(work)
    expect(log).toHaveLength(5)
    expect(work.isScheduled).toBe(false)
  })

  it('makes what is left of such a run wait until timers had a turn', async () => {
    const pump = new Pump()
    const log: string[] = []
    let atTimer = -1
    await new Promise<void>((resolve) => {
      setTimeout(() => {
        setTimeout(() => {
          atTimer = log.length
          resolve()
        }, 1)
        pump.runNow(new Work('long', log, { left: 30, pieceMs: 0.5, sliceMs: 2 }))
      }, 1)
    })
    expect(atTimer).toBeGreaterThan(0)
    expect(atTimer).toBeLessThan(30)
    await turns(60)
    expect(log).toHaveLength(30)
  })

  it('makes a run wait behind those that wait already', async () => {
    const pump = new Pump()
    const log: string[] = []
    pump.schedule(new Work('waiting', log, { left: 1 }))
    const late = new Work('late', log, { left: 1 })
    pump.runNow(late)
    pump.runNow(late)
    expect(log).toEqual([])
    await turns()
    expect(log).toEqual(['waiting', 'late'])
  })
})
