import { describe, expect, it } from 'vitest'

const WEEK_MS = 7 * 86_400_000

describe.skipIf(process.env['X_WALL_CLOCK'] === 'true')('the wall clock of a test process', () => {
  it('jumps, in both directions', () => {
    const readings = Array.from({ length: 2000 }, () => Date.now())
    const steps = readings.slice(1).map((reading, index) => reading - (readings[index] ?? 0))
    expect(steps.some((step) => step > 60_000)).toBe(true)
    expect(steps.some((step) => step < -60_000)).toBe(true)
    expect(Math.max(...readings) - Math.min(...readings)).toBeLessThan(WEEK_MS)
  })

  it('still makes ordinary dates', () => {
    const date = new Date(0)
    expect(date).toBeInstanceOf(Date)
    expect(date.toISOString()).toBe('1970-01-01T00:00:00.000Z')
    expect(structuredClone(date)).toBeInstanceOf(Date)
    expect(new Date().constructor).toBe(Date)
  })
})
