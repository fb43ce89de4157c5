import type {
  CcuView,
  ControlEvent,
  ControlEventType,
  DeviceView,
  ObservationList,
  ProblemView,
  PropertyValue,
} from '@x/testkit/control'

const EVENT_TYPES = [
  'state',
  'call',
  'answer',
  'registrations',
  'devices',
  'quirks',
  'power',
  'faults',
  'observation',
  'gap',
] as const satisfies readonly ControlEventType[]

/** A request that the control API refused; its message is for people. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError'
}

async function send<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(path, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
  })
  const answer = (await response.json()) as T | ProblemView
  if (!response.ok) throw new RefusedError((answer as ProblemView).error.message)
  return answer as T
}

export async function fetchDevices(): Promise<readonly DeviceView[]> {
  const { devices } = await send<{ devices: readonly DeviceView[] }>('GET', 'api/devices')
  return devices
}

export function fetchCcu(): Promise<CcuView> {
  return send('GET', 'api/ccu')
}

export function fetchObservations(): Promise<ObservationList> {
  return send('GET', 'api/observers')
}

/** Sets one property, as if the device did so itself. */
export async function setProperty(id: string, key: string, value: PropertyValue): Promise<void> {
  await send('PATCH', `api/devices/${encodeURIComponent(id)}/state`, { [key]: value })
}

/** The curl line that does the same as {@link setProperty}. */
export function curlOf(id: string, key: string, value: PropertyValue): string {
  const url = new URL(`api/devices/${encodeURIComponent(id)}/state`, document.baseURI).href
  return `curl -X PATCH ${url} -H 'Content-Type: application/json' -d '${JSON.stringify({ [key]: value })}'`
}

/** Follows the events of the server; the browser reconnects by itself and goes on after the last event it saw. */
export function followEvents(onEvent: (event: ControlEvent) => void, onLink: (isUp: boolean) => void): void {
  const source = new EventSource('api/events')
  source.addEventListener('open', () => onLink(true))
  source.addEventListener('error', () => onLink(false))
  for (const type of EVENT_TYPES) {
    source.addEventListener(type, (message: MessageEvent<string>) => {
      const { at, data } = JSON.parse(message.data) as { at: string; data: unknown }
      onEvent({ id: message.lastEventId, type, at, data } as ControlEvent)
    })
  }
}
