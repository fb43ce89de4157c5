import type { CcuView, ControlEvent, ObservationView } from '@x/testkit/control'
import { fetchCcu, fetchDevices, fetchObservations, followEvents } from './api.ts'
import { DeviceCard } from './device-card.ts'
import { element } from './element.ts'
import { Log, type LogLine } from './log.ts'
import { wireLine } from './wire-line.ts'

function byId(id: string): HTMLElement {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`the page has no #${id}`)
  return found
}

const cards = new Map<string, DeviceCard>()
const observations = new Log(byId('observations'))
const wire = new Log(byId('wire'))
let lastObservation = 0

async function showDevices(): Promise<void> {
  const devices = await fetchDevices()
  cards.clear()
  for (const device of devices) {
    const card = new DeviceCard()
    card.fill(device)
    cards.set(device.id, card)
  }
  byId('devices').replaceChildren(...cards.values())
}

function showCcu({ url, registrations }: Pick<CcuView, 'url' | 'registrations'>): void {
  const registered = registrations.map(({ interfaceId, state }) => `${interfaceId} (${state})`).join(', ')
  byId('ccu').replaceChildren(
    element('dt', {}, 'CCU'),
    element('dd', {}, url),
    element('dt', {}, 'registered'),
    element('dd', { id: 'registered' }, registered === '' ? 'nobody' : registered),
  )
}

function observationLine({ at, observer, topic, subject, value, note }: ObservationView): LogLine {
  const shown = value === undefined ? '' : ` = ${JSON.stringify(value)}`
  return { at, kind: observer, text: `${topic} ${subject ?? ''}${shown} ${note ?? ''}`.trim() }
}

function showObservation(observation: ObservationView): void {
  if (observation.id <= lastObservation) return
  lastObservation = observation.id
  observations.add(observationLine(observation))
}

function onEvent(event: ControlEvent): void {
  const line = wireLine(event)
  if (line !== undefined) wire.add(line)
  if (event.type === 'state') cards.get(event.data.device)?.show(event.data.key, event.data.value)
  else if (event.type === 'observation') showObservation(event.data)
  else if (event.type === 'devices') void showDevices()
  else if (event.type === 'registrations' || event.type === 'quirks' || event.type === 'gap') void refresh()
}

/** Reads everything again: after a gap, or when the link is new. */
async function refresh(): Promise<void> {
  const [ccu, heard] = await Promise.all([fetchCcu(), fetchObservations()])
  showCcu(ccu)
  for (const observation of heard.observations) showObservation(observation)
}

function onLink(isUp: boolean): void {
  const connection = byId('connection')
  connection.textContent = isUp ? 'live' : 'no connection; trying again …'
  connection.dataset['state'] = isUp ? 'live' : 'lost'
  // what fails here was cut off: the next link reads it again
  if (isUp) Promise.all([showDevices(), refresh()]).catch(() => onLink(false))
}

byId('filter').addEventListener('input', ({ target }) => {
  wire.filter = (target as HTMLInputElement).value
})
byId('pause').addEventListener('change', ({ target }) => {
  wire.isHeld = (target as HTMLInputElement).checked
})
followEvents(onEvent, onLink)
