import { TimeoutError } from '@x/loop-utils/errors'
import { XmlRpcTransportError } from '../client/client-errors.ts'
import type { XmlRpcClient } from '../client/xml-rpc-client.ts'
import { XmlRpcFault } from '../codec/fault.ts'

/** What came of a ping, as far as its answer tells. */
export type PingOutcome =
  /** It was taken; the PONG is to come. */
  | { readonly kind: 'taken' }
  /** The interface answers, but not to pings. */
  | { readonly kind: 'refused'; readonly cause: unknown }
  /** There was no answer; maybe it was taken. */
  | { readonly kind: 'unanswered'; readonly cause: unknown }
  /** Nobody listens there. */
  | { readonly kind: 'unreachable'; readonly cause: unknown }

/** The three calls by which a registration lives. */
export interface CcuWire {
  /** Rejects when the call was not answered properly; see {@link mayHaveArrived}. */
  init(signal: AbortSignal): Promise<void>
  /** Takes back each registration that the CCU may have; rejects with the first failure when all were tried. */
  deregister(signal: AbortSignal): Promise<void>
  /** Rejects only when aborted. */
  ping(token: string, signal: AbortSignal): Promise<PingOutcome>
}

/** What the calls are made with. */
export interface WireOptions {
  readonly interfaceId: string
  /** Asked at each registration: a server that was started again may have another port. */
  readonly callbackUrl: () => string
  readonly initTimeoutMs: number
  readonly pongTimeoutMs: number
}

/** As many addresses are taken back in the end; an earlier one that could not be by then is forgotten. */
const MAX_KNOWN = 8

/** Makes the calls through a client. */
export function clientWire(client: XmlRpcClient, options: WireOptions): CcuWire {
  const { interfaceId, callbackUrl, initTimeoutMs: timeoutMs, pongTimeoutMs } = options
  // what was registered has to be taken back, whatever the address is by then
  const known = new Set<string>()
  const call = (url: string, id: string, signal: AbortSignal): Promise<unknown> =>
    client.call('init', [url, id], { signal, timeoutMs, emptyAsVoid: true })
  return {
    async init(signal) {
      const url = callbackUrl()
      const wasKnown = known.delete(url)
      try {
        remember(known, url)
        await call(url, interfaceId, signal)
      } catch (cause) {
        if (!wasKnown && !signal.aborted && !mayHaveArrived(cause)) known.delete(url)
        throw cause
      }
    },
    async deregister(signal) {
      const failures: unknown[] = []
      for (const url of known) {
        try {
          await call(url, '', signal)
          known.delete(url)
        } catch (cause) {
          if (signal.aborted) throw cause
          failures.push(cause)
        }
      }
      if (failures.length > 0) throw failures[0]
    },
    async ping(token, signal) {
      try {
        await client.call('ping', [token], { signal, timeoutMs: pongTimeoutMs, emptyAsVoid: true })
        return { kind: 'taken' }
      } catch (cause) {
        signal.throwIfAborted()
        if (cause instanceof XmlRpcFault) return { kind: 'refused', cause }
        const isUnreachable = cause instanceof XmlRpcTransportError && !cause.maybeExecuted
        return { kind: isUnreachable ? 'unreachable' : 'unanswered', cause }
      }
    },
  }
}

/** Whether a call that failed so may have been carried out: its answer is missing, not bad. */
export function mayHaveArrived(cause: unknown): boolean {
  if (cause instanceof XmlRpcTransportError) return cause.maybeExecuted
  return cause instanceof TimeoutError
}

function remember(known: Set<string>, url: string): void {
  const [oldest] = known
  if (known.size >= MAX_KNOWN && oldest !== undefined) known.delete(oldest)
  known.add(url)
}
