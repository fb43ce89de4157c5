import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { AsyncChannel, ChannelClosedError } from '../../src/concurrency/index.ts'
import { OptionError, QueueOverflowError } from '../../src/errors/index.ts'
import { CountedSignal } from '../counted-signal.ts'
import { rejection } from '../settled.ts'
import { LAW_TIMEOUT_MS, lawCount } from '../law-count.ts'
import { agree, runInterleavings, turnMicrotasks, type Chance } from './interleavings.ts'

const COUNT = lawCount({ inSuite: 3000, inSoak: 40_000 })

describe('AsyncChannel', () => {
  it('gives values in the order in which they were sent, and ends', async () => {
    const channel = new AsyncChannel<number>({ capacity: 2 })
    const sent: number[] = []
    const producer = (async () => {
      for (let value = 0; value < 10; value++) {
        await channel.send(value)
        sent.push(value)
      }
      channel.close()
    })()
    const received: number[] = []
    for await (const value of channel) {
      // the producer is never ahead by more than the capacity, the value in its hands and the one in ours
      expect(sent.length - received.length).toBeLessThanOrEqual(4)
      received.push(value)
    }
    await producer
    expect(received).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(channel.isClosed).toBe(true)
    expect(channel.stats()).toEqual({
      size: 0,
      waitingSenders: 0,
      waitingReceivers: 0,
      sent: 10,
      received: 10,
      dropped: 0,
    })
  })

  it('lets a sender wait for a receiver when it has no capacity', async () => {
    const channel = new AsyncChannel<string>({ capacity: 0 })
    let isSent = false
    expect(channel.trySend('nobody is there')).toBe(false)
    const send = channel.send('hello').then(() => {
      isSent = true
    })
    await turnMicrotasks()
    expect(isSent).toBe(false)
    expect(await channel.receive()).toBe('hello')
    await send
    const receive = channel.receive()
    expect(channel.trySend('at once')).toBe(true)
    expect(await receive).toBe('at once')
    expect(channel.tryReceive()).toBeUndefined()
  })

  it.each([
    ['drop-newest', [1, 2], 2],
    ['drop-oldest', [3, 4], 2],
  ] as const)('drops by %s', async (overflow, kept, dropped) => {
    const channel = new AsyncChannel<number>({ capacity: 2, overflow })
    for (const value of [1, 2, 3]) await channel.send(value)
    expect(channel.trySend(4)).toBe(overflow === 'drop-oldest')
    channel.close()
    const values: number[] = []
    for await (const value of channel) values.push(value)
    expect(values).toEqual(kept)
    expect(channel.stats().dropped).toBe(dropped)
  })

  it('fails to send by error', async () => {
    const channel = new AsyncChannel<number>({ capacity: 1, overflow: 'error', name: 'frames' })
    await channel.send(1)
    expect(channel.trySend(2)).toBe(false)
    const error = await rejection(channel.send(2))
    expect(error).toBeInstanceOf(QueueOverflowError)
    expect(error).toMatchObject({ queue: 'frames', capacity: 1 })
    expect(channel.size).toBe(1)
  })

  it('keeps what it holds when it is closed, and rejects those who wait to send', async () => {
    const channel = new AsyncChannel<number>({ capacity: 1, name: 'frames' })
    await channel.send(1)
    const waiting = rejection(channel.send(2))
    channel.close()
    channel.close()
    expect(await waiting).toBeInstanceOf(ChannelClosedError)
    expect(await rejection(channel.send(3))).toMatchObject({ code: 'LOOP_CHANNEL_CLOSED', channel: 'frames' })
    expect(channel.trySend(3)).toBe(false)
    expect(await channel.receive()).toBe(1)
    expect(await rejection(channel.receive())).toBeInstanceOf(ChannelClosedError)
    expect(await channel.values().next()).toEqual({ done: true, value: undefined })
  })

  it('tells those who wait to receive of the end', async () => {
    const closed = new AsyncChannel<number>({ capacity: 1 })
    const loop = (async () => {
      for await (const value of closed) throw new Error(`got ${value}`)
      return 'ended'
    })()
    const receive = rejection(closed.receive())
    closed[Symbol.dispose]()
    expect(await loop).toBe('ended')
    expect(await receive).toBeInstanceOf(ChannelClosedError)
  })

  it('gives its error after what it holds, to everybody', async () => {
    const channel = new AsyncChannel<number>({ capacity: 1 })
    const failure = new Error('link lost')
    await channel.send(1)
    const sender = rejection(channel.send(2))
    channel.fail(failure)
    channel.close()
    expect(await sender).toBe(failure)
    const received: number[] = []
    const loop = async (): Promise<void> => {
      for await (const value of channel) received.push(value)
    }
    expect(await rejection(loop())).toBe(failure)
    expect(received).toEqual([1])
    expect(await rejection(channel.receive())).toBe(failure)
    expect(await rejection(channel.send(3))).toBe(failure)
    const waiting = new AsyncChannel<number>({ capacity: 1 })
    const receivers = [rejection(waiting.receive()), rejection(waiting.receive())]
    waiting.fail(undefined)
    expect(await Promise.all(receivers)).toEqual([undefined, undefined])
  })

  it('shares values among several iterations, and stays open when one is left', async () => {
    const channel = new AsyncChannel<number>({ capacity: 10 })
    for (let value = 0; value < 5; value++) channel.trySend(value)
    const values = channel.values()
    for await (const value of values) if (value === 1) break
    expect(await values.next()).toEqual({ done: true, value: undefined })
    expect(channel.isClosed).toBe(false)
    expect(channel.tryReceive()).toEqual({ value: 2 })
    expect(await channel.receive()).toBe(3)
  })

  it('settles at the abort, on both sides, and leaves no listener', async () => {
    const channel = new AsyncChannel<number>({ capacity: 0 })
    const counted = new CountedSignal()
    const { signal } = counted
    const receive = rejection(channel.receive({ signal }))
    const loop = (async () => {
      for await (const value of channel.values({ signal })) throw new Error(`got ${value}`)
    })()
    counted.controller.abort('enough')
    expect(await receive).toBe('enough')
    expect(await rejection(loop)).toBe('enough')
    const other = new AbortController()
    const send = rejection(channel.send(1, { signal: other.signal }))
    other.abort('too late')
    expect(await send).toBe('too late')
    expect(channel.stats()).toMatchObject({ waitingReceivers: 0, waitingSenders: 0, sent: 0 })
    expect(await rejection(channel.send(1, { signal }))).toBe('enough')
    expect(await rejection(channel.receive({ signal }))).toBe('enough')
    expect(counted.removed).toBe(counted.added)
  })

  it('bounds those who wait', async () => {
    const channel = new AsyncChannel<number>({ capacity: 0, maxWaiting: 1 })
    const receive = channel.receive()
    await expect(channel.receive()).rejects.toThrow('receivers of channel is full at 1')
    await channel.send(1)
    expect(await receive).toBe(1)
    const send = channel.send(2)
    await expect(channel.send(3)).rejects.toThrow('senders of channel is full at 1')
    expect(await channel.receive()).toBe(2)
    await send
  })

  it('refuses wrong options', () => {
    expect(() => new AsyncChannel({ capacity: -1 })).toThrow(OptionError)
    expect(() => new AsyncChannel({ capacity: 0, overflow: 'drop-oldest' })).toThrow('capacity')
    expect(() => new AsyncChannel({ capacity: 1, overflow: 'spill' as 'block' })).toThrow('overflow')
    expect(() => new AsyncChannel({ capacity: 1, maxWaiting: -1 })).toThrow('maxWaiting')
  })

  it(
    `is the model in ${COUNT} random interleavings: order, bounds, no value lost or doubled`,
    async () => {
      expect(await runInterleavings(COUNT, play)).toEqual([])
    },
    LAW_TIMEOUT_MS,
  )
})

/** A channel as arrays. */
class Model {
  readonly log: string[] = []
  values: number[] = []
  senders: number[] = []
  receivers: number[] = []
  ending: string | undefined
  readonly #capacity: number
  readonly #overflow: string

  constructor(capacity: number, overflow: string) {
    this.#capacity = capacity
    this.#overflow = overflow
  }

  /** The value is the id of its sender. */
  send(id: number): void {
    const receiver = this.receivers.shift()
    if (this.ending !== undefined) this.log.push(`s${id} ${this.ending}`)
    else if (receiver !== undefined) this.log.push(`r${receiver} got ${id}`, `s${id} sent`)
    else if (this.values.length < this.#capacity) this.#keep(id)
    else if (this.#overflow === 'block') this.senders.push(id)
    else if (this.#overflow === 'error') this.log.push(`s${id} overflow`)
    else if (this.#overflow === 'drop-newest') this.log.push(`s${id} sent`)
    else {
      this.values.shift()
      this.#keep(id)
    }
  }

  receive(id: number): void {
    if (this.values.length === 0 && this.senders.length === 0) {
      if (this.ending === undefined) this.receivers.push(id)
      else this.log.push(`r${id} ${this.ending}`)
      return
    }
    const sender = this.senders.shift()
    if (sender !== undefined) {
      this.values.push(sender)
      this.log.push(`s${sender} sent`)
    }
    this.log.push(`r${id} got ${this.values.shift()}`)
  }

  abortSender(id: number): void {
    if (!this.senders.includes(id)) return
    this.senders = this.senders.filter((other) => other !== id)
    this.log.push(`s${id} aborted`)
  }

  abortReceiver(id: number): void {
    if (!this.receivers.includes(id)) return
    this.receivers = this.receivers.filter((other) => other !== id)
    this.log.push(`r${id} aborted`)
  }

  end(ending: string): void {
    if (this.ending !== undefined) return
    this.ending = ending
    for (const id of this.senders) this.log.push(`s${id} ${ending}`)
    for (const id of this.receivers) this.log.push(`r${id} ${ending}`)
    this.senders = []
    this.receivers = []
  }

  #keep(id: number): void {
    this.values.push(id)
    this.log.push(`s${id} sent`)
  }
}

/** One random schedule. */
async function play(chance: Chance): Promise<void> {
  const overflow = chance.pick(['block', 'block', 'drop-newest', 'drop-oldest', 'error'] as const) ?? 'block'
  const capacity = chance.below(3) + (overflow === 'drop-oldest' ? 1 : 0)
  const channel = new AsyncChannel<number>({ capacity, overflow })
  const model = new Model(capacity, overflow)
  const log: string[] = []
  const senders: AbortController[] = []
  const receivers: AbortController[] = []

  const send = (): void => {
    const id = senders.length
    const controller = new AbortController()
    senders.push(controller)
    model.send(id)
    channel.send(id, { signal: controller.signal }).then(
      () => log.push(`s${id} sent`),
      (error: unknown) => log.push(`s${id} ${nameOf(error)}`),
    )
  }
  const receive = (): void => {
    const id = receivers.length
    const controller = new AbortController()
    receivers.push(controller)
    model.receive(id)
    const values = channel.values({ signal: controller.signal })
    values.next().then(
      (result) => log.push(result.done === true ? `r${id} closed` : `r${id} got ${result.value}`),
      (error: unknown) => log.push(`r${id} ${nameOf(error)}`),
    )
  }
  const abort = (): void => {
    const isSender = chance.percent(50)
    const controllers = isSender ? senders : receivers
    const id = chance.below(controllers.length)
    const controller = controllers[id]
    if (controller === undefined || controller.signal.aborted) return
    controller.abort('aborted')
    if (isSender) model.abortSender(id)
    else model.abortReceiver(id)
  }

  for (let step = 6 + chance.below(16); step > 0; step--) {
    const dice = chance.below(100)
    if (dice < 42) send()
    else if (dice < 80) receive()
    else if (dice < 96) abort()
    else if (dice < 98) {
      channel.close()
      model.end('closed')
    } else {
      channel.fail('failed')
      model.end('failed')
    }
    if (!chance.percent(30)) continue
    await turnMicrotasks(3)
    compare(log, model)
    agree('size', channel.size, model.values.length)
  }
  channel.close()
  model.end('closed')
  await turnMicrotasks(3)
  compare(log, model)
  while (model.values.length > 0) agree('left', channel.tryReceive()?.value, model.values.shift())
  agree('size at the end', channel.size, 0)
  const listeners = [...senders, ...receivers].reduce(
    (sum, { signal }) => sum + getEventListeners(signal, 'abort').length,
    0,
  )
  agree('listeners', listeners, 0)
}

/** Values come in their order; how a sender and a receiver that meet are told one after the other does not matter. */
function compare(log: readonly string[], model: Model): void {
  agree('log', log.toSorted(), model.log.toSorted())
  const got = (entries: readonly string[]): string[] => entries.filter((entry) => entry.includes('got'))
  agree('received', got(log), got(model.log))
}

function nameOf(error: unknown): string {
  if (error instanceof ChannelClosedError) return 'closed'
  return error instanceof QueueOverflowError ? 'overflow' : String(error)
}
