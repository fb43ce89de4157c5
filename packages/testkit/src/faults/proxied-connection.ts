import { connect, type Socket } from 'node:net'
import type { Clock, Random, Timer } from '@x/loop-utils/clock'
import type { Fault } from './fault.ts'
import type { FaultSet } from './fault-set.ts'
import { StreamPump } from './stream-pump.ts'

/** What the connections of one proxy share. */
export interface ConnectionContext {
  readonly upstream: { readonly host: string; readonly port: number }
  readonly faults: FaultSet
  readonly clock: Clock
  readonly random: Random
  readonly bufferBytes: number
}

/** How a connection ended, as the proxy counts it. */
export type ConnectionEnd = 'closed' | 'cut' | 'reset' | 'refused'

/** A client's socket, the one to the server that belongs to it, and a pump for each direction. */
export class ProxiedConnection {
  readonly #client: Socket
  readonly #server: Socket
  readonly #context: ConnectionContext
  readonly #pumps: readonly [StreamPump, StreamPump]
  readonly #struck = new WeakMap<Fault, boolean>()
  readonly #timers = new Map<Fault, Timer>()
  readonly #onEnd: (end: ConnectionEnd) => void
  #end: ConnectionEnd = 'closed'
  #isConnected = false
  #open = 2

  constructor(client: Socket, context: ConnectionContext, onEnd: (end: ConnectionEnd) => void) {
    this.#client = client
    this.#context = context
    this.#onEnd = onEnd
    this.#server = connect({ ...context.upstream, allowHalfOpen: true, noDelay: true })
    const shared = {
      ...context,
      strikes: (fault: Fault) => this.#strikes(fault),
      finish: (how: 'cut' | 'reset') => this.finish(how),
    }
    this.#pumps = [
      new StreamPump('upstream', { source: client, target: this.#server }, shared),
      new StreamPump('downstream', { source: this.#server, target: client }, shared),
    ]
    for (const socket of [client, this.#server]) socket.on('close', () => this.#closed())
    this.#server.once('connect', () => this.#connected())
    this.#server.once('error', () => {
      if (!this.#isConnected) this.finish('refused')
    })
    for (const pump of this.#pumps) void pump.run()
    this.refresh()
  }

  /** Bytes that were passed on to the server, and to the client. */
  get bytes(): readonly [number, number] {
    return [this.#pumps[0].totalBytes, this.#pumps[1].totalBytes]
  }

  get bufferedBytes(): number {
    return this.#pumps[0].bufferedBytes + this.#pumps[1].bufferedBytes
  }

  /** Looks at the faults anew. */
  refresh(): void {
    this.#setTimers()
    for (const pump of this.#pumps) pump.refresh()
  }

  /** Ends both sockets: orderly after what was written, or with a reset. */
  finish(how: Exclude<ConnectionEnd, 'closed'>): void {
    if (this.#end === 'closed') this.#end = how
    for (const pump of this.#pumps) pump.stop()
    for (const socket of [this.#client, this.#server]) {
      if (how === 'cut') socket.destroySoon()
      // a reset would wait for a connection that may never come about
      else if (socket.connecting) socket.destroy()
      else if (!socket.destroyed) socket.resetAndDestroy()
    }
  }

  #connected(): void {
    this.#isConnected = true
  }

  #closed(): void {
    this.#open -= 1
    if (this.#open > 0) return
    for (const timer of this.#timers.values()) timer[Symbol.dispose]()
    this.#timers.clear()
    for (const pump of this.#pumps) pump.stop()
    this.#onEnd(this.#end)
  }

  #strikes(fault: Fault): boolean {
    let isStruck = this.#struck.get(fault)
    if (isStruck === undefined) {
      isStruck = fault.toxicity >= 1 || this.#context.random() < fault.toxicity
      this.#struck.set(fault, isStruck)
    }
    return isStruck
  }

  /** Starts what has to happen by itself after a time, and stops it for faults that are gone. */
  #setTimers(): void {
    const faults = this.#context.faults.all()
    for (const [fault, timer] of this.#timers) {
      if (faults.includes(fault)) continue
      timer[Symbol.dispose]()
      this.#timers.delete(fault)
    }
    for (const fault of faults) {
      const afterMs = resetTime(fault)
      if (afterMs === undefined || this.#timers.has(fault) || !this.#strikes(fault)) continue
      this.#timers.set(
        fault,
        this.#context.clock.setTimer(() => this.finish('reset'), afterMs),
      )
    }
  }
}

function resetTime(fault: Fault): number | undefined {
  if (fault.type === 'half-open' && fault.attributes.closeAfterMs !== Infinity) return fault.attributes.closeAfterMs
  if (fault.type === 'reset' && fault.attributes.afterBytes === Infinity) return fault.attributes.afterMs
  return undefined
}
