import { describe, expect, it, vi } from 'vitest'
import { LARGEST_BATCH, LaneControl } from '../../src/lane/control-words.ts'

function both(): { readonly writer: LaneControl; readonly reader: LaneControl } {
  const writer = new LaneControl()
  return { writer, reader: new LaneControl(writer.buffer) }
}

describe('the control words of a lane', () => {
  it('begin with nothing in it, both ends open and large batches', () => {
    const { writer, reader } = both()
    for (const control of [writer, reader]) {
      expect([control.committed, control.delivered, control.batchLimit]).toEqual([0, 0, LARGEST_BATCH])
      expect([control.isWriterClosed, control.isReaderClosed]).toEqual([false, false])
    }
  })

  it('are what they are when an end is opened later', () => {
    const { writer, reader } = both()
    reader.batchLimit = 8
    writer.addCommitted(3)
    reader.addDelivered(2, 1)
    const late = new LaneControl(writer.buffer)
    expect([late.committed, late.delivered, late.batchLimit]).toEqual([3, 2, 8])
  })

  it('tell each end that the other one has closed', () => {
    const { writer, reader } = both()
    writer.closeWriter()
    expect([reader.isWriterClosed, reader.isReaderClosed]).toEqual([true, false])
    reader.closeReader()
    expect([writer.isWriterClosed, writer.isReaderClosed]).toEqual([true, true])
  })

  it('ask for a message once, when the depth falls below the mark', () => {
    const { writer, reader } = both()
    writer.addCommitted(6)
    expect(reader.addDelivered(1, 3)).toBe(false)
    writer.askForMessage()
    expect(reader.addDelivered(1, 3)).toBe(false)
    expect(reader.addDelivered(1, 3)).toBe(false)
    expect(reader.addDelivered(1, 3)).toBe(true)
    expect(reader.addDelivered(1, 3)).toBe(false)
  })

  it('do so when the counters begin again', () => {
    const { writer, reader } = both()
    for (const _ of [1, 2]) {
      writer.addCommitted(2 ** 31 - 1)
      reader.addDelivered(2 ** 31 - 1, 1)
    }
    writer.addCommitted(4)
    writer.askForMessage()
    expect(reader.addDelivered(2, 2)).toBe(false)
    expect(reader.addDelivered(1, 2)).toBe(true)
  })

  it.each(['blockWriter', 'blockReader'] as const)('block no longer than told: %s', (block) => {
    const { writer } = both()
    let asked = 0
    writer[block](() => ++asked < 0, 1)
    expect(asked).toBeGreaterThan(0)
    // a message that nobody asked for
    expect(writer.addDelivered(0, 1)).toBe(false)
  })

  it.each(['blockWriter', 'blockReader'] as const)('do not block when it is done already: %s', (block) => {
    const { writer } = both()
    let asked = 0
    writer[block](() => ++asked > 0, 60_000)
    expect(asked).toBe(1)
  })

  it('block a reader only after it has looked for a moment, and not if the last look finds it done', () => {
    const { reader } = both()
    let now = 0
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => (now += 0.02))
    let asked = 0
    reader.blockReader(() => ++asked === 4, 60_000)
    expect(asked).toBe(4)
    clock.mockRestore()
  })
})
