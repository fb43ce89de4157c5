import { checkDuration, checkText, OptionError, TimeoutError } from '@x/loop-utils/errors'
import { ControlAnswerError, ControlRefusedError, ControlUnreachableError } from './control-errors.ts'
import { ControlEvents } from './control-events.ts'
import type {
  CcuAnnouncement,
  CcuAnswer,
  CcuCall,
  CcuFaultOrder,
  CcuOutcome,
  CcuQuirks,
  CcuView,
  DeviceSpec,
  DeviceState,
  DeviceView,
  FaultRequest,
  FaultView,
  FleetRequest,
  HealthView,
  Observation,
  ObservationList,
  ObservationView,
  ProblemView,
  ProfileRequest,
  PropertyValue,
  RebootOptions,
} from './wire.ts'

/** How a control client behaves. */
export interface ControlClientOptions {
  /** How long a request may take, in milliseconds. Default 10 000. */
  readonly timeoutMs?: number
}

/** Options of every request. */
export interface RequestOptions {
  /** Its abort rejects with `signal.reason`. */
  readonly signal?: AbortSignal
}

/** Which events are followed. */
export interface EventsOptions extends RequestOptions {
  /** Goes on after the event of this id, as far as the server still has what came since. */
  readonly lastEventId?: string
}

/** Several values of the fake CCU's devices, reported at once. */
export interface ReportRequest {
  readonly reports: readonly { readonly address: string; readonly parameter: string; readonly value: PropertyValue }[]
  /** Default `multicall`. */
  readonly as?: 'single' | 'multicall'
}

interface Request {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly body?: unknown
}

/**
 * Talks to the control API of a fake-device server. Every method rejects with ControlRefusedError when the server
 * refuses, ControlUnreachableError when there is none, ControlAnswerError when it is another, and TimeoutError.
 */
export class ControlClient {
  readonly url: string
  readonly #timeoutMs: number

  /** @throws OptionError */
  constructor(url: string | URL, options: ControlClientOptions = {}) {
    const text = checkText('url', String(url))
    if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
      throw new OptionError('url', text, 'an http URL, as the ready line of the server shows it')
    }
    this.url = new URL('/', text).href
    this.#timeoutMs = checkDuration('timeoutMs', options.timeoutMs ?? 10_000, { min: 1, max: 2 ** 31 - 1 })
  }

  health(options?: RequestOptions): Promise<HealthView> {
    return this.#send({ method: 'GET', path: 'healthz' }, options)
  }

  async devices(options?: RequestOptions): Promise<readonly DeviceView[]> {
    const { devices } = await this.#send<{ devices: readonly DeviceView[] }>(
      { method: 'GET', path: 'api/devices' },
      options,
    )
    return devices
  }

  device(id: string, options?: RequestOptions): Promise<DeviceView> {
    return this.#send({ method: 'GET', path: `api/devices/${encodeURIComponent(id)}` }, options)
  }

  /** Adds a device to the fake CCU; whoever is registered there gets `newDevices`. */
  addDevice(device: DeviceSpec, options?: RequestOptions): Promise<DeviceView> {
    return this.#send({ method: 'POST', path: 'api/devices', body: device }, options)
  }

  async removeDevice(id: string, options?: RequestOptions): Promise<void> {
    await this.#send({ method: 'DELETE', path: `api/devices/${encodeURIComponent(id)}` }, options)
  }

  state(id: string, options?: RequestOptions): Promise<DeviceState> {
    return this.#send({ method: 'GET', path: `api/devices/${encodeURIComponent(id)}/state` }, options)
  }

  /** Sets some values of a device, as if the device did so itself: all of them or, when one is wrong, none. */
  setState(id: string, state: DeviceState['state'], options?: RequestOptions): Promise<DeviceState> {
    return this.#send({ method: 'PATCH', path: `api/devices/${encodeURIComponent(id)}/state`, body: state }, options)
  }

  async faults(options?: RequestOptions): Promise<readonly FaultView[]> {
    const { faults } = await this.#send<{ faults: readonly FaultView[] }>(
      { method: 'GET', path: 'api/faults' },
      options,
    )
    return faults
  }

  addFault(fault: FaultRequest, options?: RequestOptions): Promise<FaultView> {
    return this.#send({ method: 'POST', path: 'api/faults', body: fault }, options)
  }

  async removeFault({ endpoint, name }: Pick<FaultView, 'endpoint' | 'name'>, options?: RequestOptions): Promise<void> {
    const path = `api/faults/${encodeURIComponent(endpoint)}/${encodeURIComponent(name)}`
    await this.#send({ method: 'DELETE', path: path }, options)
  }

  async clearFaults(options?: RequestOptions): Promise<void> {
    await this.#send({ method: 'DELETE', path: 'api/faults' }, options)
  }

  /** What observers have heard. */
  observations(options?: RequestOptions): Promise<ObservationList> {
    return this.#send({ method: 'GET', path: 'api/observers' }, options)
  }

  /** Posts what an observer heard, one thing or up to 100. */
  async observe(
    heard: Observation | readonly Observation[],
    options?: RequestOptions,
  ): Promise<readonly ObservationView[]> {
    const answer = await this.#send<Pick<ObservationList, 'observations'>>(
      { method: 'POST', path: 'api/observers', body: heard },
      options,
    )
    return answer.observations
  }

  ccu(options?: RequestOptions): Promise<CcuView> {
    return this.#send({ method: 'GET', path: 'api/ccu' }, options)
  }

  /** The calls that the fake CCU got, oldest first. */
  async ccuCalls(options?: RequestOptions): Promise<readonly CcuCall[]> {
    const { calls } = await this.#send<{ calls: readonly CcuCall[] }>({ method: 'GET', path: 'api/ccu/calls' }, options)
    return calls
  }

  /** The calls that the fake CCU made to callback servers, with what those answered, oldest first. */
  async ccuAnswers(options?: RequestOptions): Promise<readonly CcuAnswer[]> {
    const { answers } = await this.#send<{ answers: readonly CcuAnswer[] }>(
      { method: 'GET', path: 'api/ccu/answers' },
      options,
    )
    return answers
  }

  /** Lets devices report values, in one multicall or in single events. */
  async ccuReport(request: ReportRequest, options?: RequestOptions): Promise<void> {
    await this.#send({ method: 'POST', path: 'api/ccu/reports', body: request }, options)
  }

  /** Makes the fake CCU call a callback server; the interface id is put first among the parameters. */
  ccuInvoke(
    request: { readonly interfaceId: string; readonly method: string; readonly params?: readonly unknown[] },
    options?: RequestOptions,
  ): Promise<CcuOutcome> {
    return this.#send({ method: 'POST', path: 'api/ccu/invocations', body: request }, options)
  }

  /** Lets coming calls to the fake CCU fail. */
  async ccuFailNext(order: CcuFaultOrder, options?: RequestOptions): Promise<void> {
    await this.#send({ method: 'POST', path: 'api/ccu/faults', body: order }, options)
  }

  /** Changes habits of the fake CCU, from its next call on. */
  ccuSetQuirks(changes: Partial<CcuQuirks>, options?: RequestOptions): Promise<CcuView> {
    return this.#send({ method: 'PATCH', path: 'api/ccu/quirks', body: changes }, options)
  }

  /** Lets the fake CCU take after another interface process, from its next call on; who is registered stays so. */
  ccuSetProfile(profile: ProfileRequest, options?: RequestOptions): Promise<CcuView> {
    return this.#send({ method: 'PUT', path: 'api/ccu/profile', body: profile }, options)
  }

  /** Lets everyone registered hear of a device, or of an error. */
  async ccuAnnounce(announcement: CcuAnnouncement, options?: RequestOptions): Promise<void> {
    await this.#send({ method: 'POST', path: 'api/ccu/announcements', body: announcement }, options)
  }

  /** Plays another fleet; everyone registered hears what goes and what comes. */
  ccuLoadFleet(fleet: FleetRequest, options?: RequestOptions): Promise<CcuView> {
    return this.#send({ method: 'PUT', path: 'api/ccu/fleet', body: fleet }, options)
  }

  /** Reboots the fake CCU; resolves once it is down. Its `state` and the `power` events tell when it is ready again. */
  ccuReboot(reboot: RebootOptions = {}, options?: RequestOptions): Promise<CcuView> {
    return this.#send({ method: 'POST', path: 'api/ccu/reboot', body: reboot }, options)
  }

  /** Sets how much of the time that may be sent in is used; at 100 % commands get a fault −8. */
  ccuSetDutyCycle(percent: number, options?: RequestOptions): Promise<CcuView> {
    return this.#send({ method: 'PUT', path: 'api/ccu/duty-cycle', body: { percent } }, options)
  }

  /** Offers a firmware for a device, which `updateFirmware` then installs. */
  async ccuOfferFirmware(
    offer: { readonly address: string; readonly version: string },
    options?: RequestOptions,
  ): Promise<void> {
    await this.#send({ method: 'POST', path: 'api/ccu/firmware', body: offer }, options)
  }

  /** A sleeping device wakes and gets the configuration that waits for it; false when none does. */
  async ccuWake(address: string, options?: RequestOptions): Promise<boolean> {
    const body = { address }
    const { woke } = await this.#send<{ woke: boolean }>({ method: 'POST', path: 'api/ccu/wake', body }, options)
    return woke
  }

  /** Resolves once nothing waits to be brought to a callback server. */
  async ccuSettled(options?: RequestOptions): Promise<void> {
    await this.#send({ method: 'GET', path: 'api/ccu/settled' }, options)
  }

  /** Follows what happens, from now on or from after `lastEventId`. The request goes out at once. */
  events(options: EventsOptions = {}): ControlEvents {
    const { signal, lastEventId } = options
    const url = `${this.url}api/events`
    const headers = {
      Accept: 'text/event-stream',
      ...(lastEventId === undefined ? {} : { 'Last-Event-ID': lastEventId }),
    }
    return new ControlEvents(async (both) => {
      const response = await this.#fetch(url, { headers, signal: both }, signal)
      if (response.ok && response.headers.get('content-type')?.startsWith('text/event-stream') === true) return response
      await readJson(response)
      throw new ControlAnswerError('no event stream', { url, status: response.status })
    }, signal)
  }

  async #send<T>(request: Request, { signal }: RequestOptions = {}): Promise<T> {
    const { method, path, body } = request
    const url = `${this.url}${path}`
    const deadline = new AbortController()
    const timer = setTimeout(
      () => deadline.abort(new TimeoutError(this.#timeoutMs, 'call', { what: `${method} ${url}` })),
      this.#timeoutMs,
    )
    const both = signal === undefined ? deadline.signal : AbortSignal.any([signal, deadline.signal])
    try {
      const content =
        body === undefined ? {} : { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }
      const response = await this.#fetch(url, { method, ...content, signal: both }, both)
      return (await readJson(response)) as T
    } catch (error) {
      if (both.aborted) throw both.reason
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  async #fetch(url: string, init: RequestInit, signal: AbortSignal | undefined): Promise<Response> {
    try {
      return await fetch(url, { ...init, redirect: 'error' })
    } catch (error) {
      signal?.throwIfAborted()
      throw new ControlUnreachableError(url, error)
    }
  }
}

async function readJson(response: Response): Promise<unknown> {
  if (response.status === 204) return undefined
  const text = await readText(response)
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    throw new ControlAnswerError('a body that is no JSON', response)
  }
  if (response.ok) return body
  if (isProblem(body)) throw new ControlRefusedError(response.status, body)
  throw new ControlAnswerError('an error in another form', response)
}

async function readText(response: Response): Promise<string> {
  try {
    return await response.text()
  } catch (error) {
    throw new ControlUnreachableError(response.url, error)
  }
}

function isProblem(body: unknown): body is ProblemView {
  const error = (body as { readonly error?: unknown } | null)?.error
  if (typeof error !== 'object' || error === null) return false
  const { code, message, path } = error as Readonly<Record<string, unknown>>
  return typeof code === 'string' && typeof message === 'string' && typeof path === 'string'
}
