import type { DeviceView, PropertyValue, PropertyView } from '@x/testkit/control'
import { curlOf, RefusedError, setProperty } from './api.ts'
import { element } from './element.ts'
import { propertyControl, type PropertyControl } from './property-control.ts'

/** One device with its values: `<fake-device-card>`. */
export class DeviceCard extends HTMLElement {
  readonly #controls = new Map<string, PropertyControl>()
  readonly #values = new Map<string, PropertyValue>()
  readonly #problem = element('p', { class: 'problem', role: 'alert' })

  /** Shows a device. Call it once, before the card is added to the page. */
  fill(device: DeviceView): void {
    this.setAttribute('data-device', device.id)
    const own = device.properties.filter(({ isService }) => !isService)
    const service = device.properties.filter(({ isService }) => isService)
    const about = element('span', {}, `${device.type} · ${device.id}`)
    this.append(element('div', { class: 'card-title' }, element('strong', {}, device.name), about))
    this.append(element('p', { class: 'hint' }, device.label), ...own.map((property) => this.#row(device, property)))
    if (service.length > 0) {
      const rows = service.map((property) => this.#row(device, property))
      this.append(element('details', {}, element('summary', {}, 'service values'), ...rows))
    }
    this.append(this.#problem)
  }

  /** Shows a value that the server reported. */
  show(key: string, value: PropertyValue): void {
    this.#values.set(key, value)
    this.#controls.get(key)?.show(value)
  }

  #row(device: DeviceView, property: PropertyView): HTMLElement {
    const id = `${device.id}.${property.key}`
    const control = propertyControl(property, id, (value) => void this.#set(device.id, property.key, value))
    this.#controls.set(property.key, control)
    if (property.value !== undefined) this.#values.set(property.key, property.value)
    const label = element('label', { for: id, title: curlOf(device.id, property.key, property.value ?? true) })
    label.textContent = property.key
    return element('div', { class: 'property' }, label, control.node)
  }

  async #set(id: string, key: string, value: PropertyValue): Promise<void> {
    this.#problem.textContent = ''
    try {
      await setProperty(id, key, value)
    } catch (error) {
      this.#problem.textContent = error instanceof RefusedError ? error.message : 'the server cannot be reached'
      const last = this.#values.get(key)
      if (last !== undefined) this.#controls.get(key)?.show(last)
    }
  }
}

customElements.define('fake-device-card', DeviceCard)
