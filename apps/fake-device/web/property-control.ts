import type { PropertyValue, PropertyView } from '@x/testkit/control'
import { element } from './element.ts'

/** What a control tells when somebody uses it. */
export type OnSet = (value: PropertyValue) => void

/** The control of one property; `show` sets it to a value without telling anybody. */
export interface PropertyControl {
  readonly node: HTMLElement
  show(value: PropertyValue): void
}

/** Makes the control that fits a property's type. */
export function propertyControl(property: PropertyView, id: string, onSet: OnSet): PropertyControl {
  if (property.type === 'boolean') return switchControl(property, id, onSet)
  if (property.type === 'action') return actionControl(property, id, onSet)
  return property.type === 'enum' ? enumControl(property, id, onSet) : inputControl(property, id, onSet)
}

function switchControl(property: PropertyView, id: string, onSet: OnSet): PropertyControl {
  const node = element('button', { id, type: 'button', role: 'switch', 'aria-label': property.key })
  const show = (value: PropertyValue): void => {
    node.setAttribute('aria-checked', String(value === true))
    node.textContent = value === true ? 'on' : 'off'
  }
  node.addEventListener('click', () => onSet(node.getAttribute('aria-checked') !== 'true'))
  show(property.value ?? false)
  return { node, show }
}

function actionControl(property: PropertyView, id: string, onSet: OnSet): PropertyControl {
  const node = element('button', { id, type: 'button', 'aria-label': property.key }, 'press')
  node.addEventListener('click', () => onSet(true))
  return { node, show: () => undefined }
}

function enumControl(property: PropertyView, id: string, onSet: OnSet): PropertyControl {
  const options = (property.options ?? []).map((option) => element('option', { value: option }, option))
  const node = element('select', { id }, ...options)
  const show = (value: PropertyValue): void => {
    node.value = String(value)
  }
  node.addEventListener('change', () => onSet(node.value))
  show(property.value ?? '')
  return { node, show }
}

function inputControl(property: PropertyView, id: string, onSet: OnSet): PropertyControl {
  const isNumber = property.type !== 'string'
  const input = element('input', { id, type: isNumber ? 'number' : 'text' })
  if (isNumber) {
    input.step = property.type === 'integer' ? '1' : 'any'
    if (property.min !== undefined) input.min = String(property.min)
    if (property.max !== undefined) input.max = String(property.max)
  }
  const show = (value: PropertyValue): void => {
    if (document.activeElement !== input) input.value = String(value)
  }
  input.addEventListener('change', () => onSet(isNumber ? input.valueAsNumber : input.value))
  show(property.value ?? '')
  return { node: element('span', {}, input, property.unit === undefined ? '' : ` ${property.unit}`), show }
}
