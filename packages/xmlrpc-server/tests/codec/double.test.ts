import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { double } from '../../src/codec/index.ts'
import { formatDouble } from '../../src/codec/double.ts'

describe('formatDouble', () => {
  it.each([
    [5, '5.0'],
    [-0, '-0.0'],
    [22.5, '22.5'],
    [1e-7, '0.0000001'],
    [-1.25e-9, '-0.00000000125'],
    [1.5e22, '15000000000000000000000.0'],
    [123456789.123, '123456789.123'],
  ])('writes %d as %s', (value, text) => {
    expect(formatDouble(value)).toBe(text)
  })

  it('writes every double without exponent so that it reads back exactly', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = formatDouble(value)
        expect(text).toMatch(/^-?\d+\.\d+$/)
        expect(Object.is(Number(text), value)).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('double', () => {
  it('is a number wherever one is wanted', () => {
    expect(Number(double(5)) + 1).toBe(6)
    expect(JSON.stringify([double(5)])).toBe('[5]')
  })
})
