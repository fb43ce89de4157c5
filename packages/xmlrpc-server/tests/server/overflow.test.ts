import { bothModes } from '@x/testkit/modes'
import { describe, expect } from 'vitest'
import { callDocument, multicallDocument, post } from '../engine/engine-harness.ts'
import { RecordingCentral, startServer } from './server-harness.ts'

const event = (id: string, value: number, channel = 'A:1', parameter = 'LEVEL'): string =>
  callDocument('event', id, channel, parameter, `<i4>${value}</i4>`)

/** A central one of whose interfaces handles nothing until it is released. */
class StuckCentral extends RecordingCentral {
  readonly stuck: string
  release: () => void = () => undefined
  readonly #released = new Promise<void>((resolve) => {
    this.release = resolve
  })

  constructor(stuck: string, ...others: readonly string[]) {
    super('hub', stuck, ...others)
    this.stuck = stuck
  }

  override async onEvent(fact: Parameters<RecordingCentral['onEvent']>[0]): Promise<void> {
    if (fact.interfaceId === this.stuck) await this.#released
    this.events.push(fact)
  }

  valuesOf(interfaceId: string): unknown[] {
    return this.events.filter((fact) => fact.interfaceId === interfaceId).map(({ value }) => value)
  }
}

describe('a bound of waiting callbacks', () => {
  bothModes('delays the answers of an interface whose handlers do not keep up, and of no other', async (context) => {
    const server = await startServer(context, { maxWaitingPerInterface: 3 })
    const central = new StuckCentral('slow', 'quick')
    server.addCentral(central)
    for (const value of [1, 2, 3]) expect((await post(server.listenPort, event('slow', value))).status).toBe(200)
    await expect.poll(() => server.healthStatus.waitingCallbacks).toBe(3)
    const answered: number[] = []
    const late = [4, 5].map((value) => post(server.listenPort, event('slow', value)).then(() => answered.push(value)))
    await expect.poll(() => server.healthStatus.delayedAnswers).toBe(2)
    for (let value = 0; value < 20; value++) await post(server.listenPort, event('quick', value))
    expect(answered).toEqual([])
    expect(server.healthStatus.interfaces).toEqual([{ interfaceId: 'slow', waiting: 3, dropped: 0, coalesced: 0 }])
    central.release()
    await Promise.all(late)
    await expect.poll(() => central.valuesOf('slow')).toHaveLength(5)
    expect(central.valuesOf('slow').slice(0, 3)).toEqual([1, 2, 3])
    expect(central.valuesOf('quick')).toEqual(Array.from({ length: 20 }, (_, value) => value))
    expect(server.healthStatus).toMatchObject({ droppedCallbacks: 0, interfaces: [] })
  })

  bothModes('delays all answers when too much waits in all, but still answers questions', async (context) => {
    const server = await startServer(context, { maxWaitingCallbacks: 4 })
    const central = new StuckCentral('slow', 'quick')
    server.addCentral(central)
    server.register('ask', () => 'answered')
    for (let value = 0; value < 4; value++) await post(server.listenPort, event('slow', value))
    await expect.poll(() => server.healthStatus.waitingCallbacks).toBe(4)
    let isAnswered = false
    const late = post(server.listenPort, event('quick', 1)).then(() => {
      isAnswered = true
    })
    expect((await post(server.listenPort, callDocument('ask'))).body).toContain('answered')
    expect(isAnswered).toBe(false)
    central.release()
    await late
    await expect.poll(() => central.events.length).toBe(5)
  })

  bothModes('counts a long callback for more', async (context) => {
    const server = await startServer(context, { maxWaitingPerInterface: 10 })
    const central = new StuckCentral('slow')
    server.addCentral(central)
    const long = (length: number): string => callDocument('event', 'slow', 'A:1', 'TEXT', 'x'.repeat(length))
    await post(server.listenPort, long(10))
    await post(server.listenPort, long(40 * 1024))
    await expect.poll(() => server.healthStatus.waitingCallbacks).toBe(2)
    let isAnswered = false
    const late = post(server.listenPort, long(10)).then(() => {
      isAnswered = true
    })
    await expect.poll(() => server.healthStatus.delayedAnswers).toBe(1)
    expect(isAnswered).toBe(false)
    central.release()
    await late
  })

  bothModes('gives up an answer that is delayed when its peer goes away, and what it sent', async (context) => {
    const server = await startServer(context, { maxWaitingPerInterface: 1 })
    const central = new StuckCentral('slow')
    server.addCentral(central)
    await post(server.listenPort, event('slow', 1))
    await expect.poll(() => server.healthStatus.waitingCallbacks).toBe(1)
    await expect(post(server.listenPort, event('slow', 2), { signal: AbortSignal.timeout(100) })).rejects.toMatchObject(
      { name: 'AbortError' },
    )
    await expect.poll(() => server.healthStatus).toMatchObject({ connections: 0, delayedAnswers: 1 })
    central.release()
    await post(server.listenPort, event('slow', 3))
    await expect.poll(() => central.valuesOf('slow')).toEqual([1, 3])
  })

  bothModes('drops what waits longest where that is the policy, after a delay, and counts it', async (context) => {
    const server = await startServer(context, {
      maxWaitingPerInterface: 3,
      overflow: 'drop-oldest',
      overflowAfterMs: 20,
    })
    const central = new StuckCentral('slow')
    server.addCentral(central)
    for (let value = 0; value < 6; value++) {
      expect((await post(server.listenPort, event('slow', value))).status).toBe(200)
    }
    await expect.poll(() => server.healthStatus.droppedCallbacks).toBe(3)
    expect(server.healthStatus.interfaces).toEqual([{ interfaceId: 'slow', waiting: 3, dropped: 3, coalesced: 0 }])
    expect(server.health().counters).toMatchObject({ droppedCallbacks: 3 })
    central.release()
    await expect.poll(() => central.valuesOf('slow')).toEqual([0, 4, 5])
  })

  bothModes('drops what comes last where that is the policy, within a multicall too', async (context) => {
    const server = await startServer(context, {
      maxWaitingPerInterface: 3,
      overflow: 'drop-newest',
      overflowAfterMs: 0,
    })
    const central = new StuckCentral('slow')
    server.addCentral(central)
    const calls = [0, 1, 2, 3, 4, 5].map((value) => ['event', 'slow', 'A:1', 'LEVEL', `<i4>${value}</i4>`] as const)
    const { body } = await post(server.listenPort, multicallDocument(...calls))
    expect(body.match(/<boolean>1<\/boolean>/g)).toHaveLength(6)
    await expect.poll(() => server.healthStatus.droppedCallbacks).toBe(3)
    central.release()
    await expect.poll(() => central.valuesOf('slow')).toEqual([0, 1, 2])
  })

  bothModes('leaves out values that are outdated while they wait, where that is asked for', async (context) => {
    const server = await startServer(context, { coalesce: true })
    const central = new StuckCentral('slow')
    server.addCentral(central)
    const sent: (readonly [string, string, number])[] = [
      ['A:1', 'LEVEL', 0],
      ['A:1', 'LEVEL', 1],
      ['A:1', 'LEVEL', 2],
      ['A:1', 'WORKING', 3],
      ['A:1', 'LEVEL', 4],
      ['B:1', 'PRESS_SHORT', 5],
      ['B:1', 'PRESS_SHORT', 6],
      ['CENTRAL', 'PONG', 7],
      ['CENTRAL', 'PONG', 8],
    ]
    for (const [channel, parameter, value] of sent) {
      await post(server.listenPort, event('slow', value, channel, parameter))
    }
    await expect.poll(() => server.healthStatus.coalescedEvents).toBe(1)
    central.release()
    await expect.poll(() => central.valuesOf('slow')).toEqual([0, 2, 3, 4, 5, 6, 7, 8])
  })

  bothModes('lets a function say which values may be outdated, and goes on when it throws', async (context) => {
    const errors: unknown[] = []
    const server = await startServer(context, {
      onError: (error) => errors.push(error),
      coalesce: ({ parameter, value }) => {
        if (value === 3) throw new Error('cannot tell')
        return parameter === 'LEVEL'
      },
    })
    const central = new StuckCentral('slow')
    server.addCentral(central)
    for (const value of [0, 1, 2, 3, 4]) await post(server.listenPort, event('slow', value))
    await post(server.listenPort, callDocument('event', 'slow', 'A:1', '<i4>9</i4>', '<i4>9</i4>'))
    await post(server.listenPort, callDocument('deleteDevices', 'slow', '<array><data></data></array>'))
    await expect.poll(() => server.healthStatus.waitingCallbacks).toBe(6)
    central.release()
    await expect.poll(() => central.valuesOf('slow')).toEqual([0, 2, 3, 4])
    expect(errors).toEqual([new Error('cannot tell'), expect.objectContaining({ faultCode: -32602 })])
  })
})
