import type { XmlRpcValue } from '../codec/value.ts'
import type { AcknowledgedCall } from '../engine/call-cells.ts'
import { fromCrossing } from '../engine/crossing.ts'
import type { AsyncRpcFunctions, CallbackName } from '../homematic/async-rpc-functions.ts'
import type { DataPointEvent } from '../homematic/central.ts'
import type { Slot } from './callback-queue.ts'
import { CallbackQueues } from './callback-queues.ts'
import type { CoalesceCheck, QueueSettings } from './queue-options.ts'

/** What an intake needs. */
export interface IntakeParts {
  readonly settings: QueueSettings
  readonly functions: AsyncRpcFunctions
  /** An interface, or all for null, is to be held back, or may go on. */
  readonly onHold: (interfaceId: string | null, isHeld: boolean) => void
  /** Told of what a handler threw. */
  readonly onError: (error: unknown) => void
}

/** Takes acknowledged callbacks and leads each to its handler, those of one interface one after the other. */
export class CallbackIntake {
  readonly queues: CallbackQueues<AcknowledgedCall>
  readonly #functions: AsyncRpcFunctions
  readonly #onError: (error: unknown) => void
  #failed = 0

  constructor({ settings, functions, onHold, onError }: IntakeParts) {
    this.#functions = functions
    this.#onError = onError
    const { maxWaitingPerInterface, maxWaitingCallbacks, overflow, coalesce } = settings
    const check = coalesceCheck(coalesce)
    this.queues = new CallbackQueues({
      maxPerKey: maxWaitingPerInterface,
      maxTotal: maxWaitingCallbacks,
      overflow,
      onHold,
      handle: (call) => this.#handle(call),
      onError: (error) => this.#fail(error),
      weigh: ({ weight = 1 }) => weight,
      ...(check === undefined ? {} : { slotOf: (call: AcknowledgedCall) => this.#slotOf(call, check) }),
    })
  }

  /** Callbacks whose handlers failed, or whose parameters make no sense. */
  get failed(): number {
    return this.#failed
  }

  take(calls: readonly AcknowledgedCall[]): void {
    for (const call of calls) this.queues.push((call.params.data as readonly string[])[0] ?? '', call)
  }

  #handle({ method, params }: AcknowledgedCall): void | Promise<void> {
    const result = this.#functions.call(method as CallbackName, fromCrossing(params) as XmlRpcValue[])
    // whatever can be waited for, as a promise of another realm or of a library
    if (typeof result !== 'object' || result === null || !('then' in result)) return undefined
    return Promise.resolve(result).then(() => undefined)
  }

  #slotOf({ method, params }: AcknowledgedCall, check: CoalesceCheck): Slot | undefined {
    if (method !== 'event') return undefined
    const [interfaceId, channelAddress, parameter, value = null] = fromCrossing(params) as XmlRpcValue[]
    if (typeof channelAddress !== 'string' || typeof parameter !== 'string') return undefined
    const event = { interfaceId: interfaceId as string, channelAddress, parameter, value }
    return { group: channelAddress, key: this.#mayReplace(event, check) ? parameter : null }
  }

  #mayReplace(event: DataPointEvent, check: CoalesceCheck): boolean {
    try {
      return check(event)
    } catch (error) {
      this.#onError(error)
      return false
    }
  }

  #fail(error: unknown): void {
    this.#failed++
    this.#onError(error)
  }
}

function coalesceCheck(coalesce: QueueSettings['coalesce']): CoalesceCheck | undefined {
  if (coalesce === false) return undefined
  return coalesce === true ? isState : coalesce
}

/** Whether an event tells a state, of which only the latest matters; each key press and each PONG is one of its own. */
function isState({ channelAddress, parameter }: DataPointEvent): boolean {
  return channelAddress !== 'CENTRAL' && !parameter.startsWith('PRESS')
}
