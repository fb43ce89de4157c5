import type { XmlRpcInput, XmlRpcValue } from '../codec/value.ts'
import {
  anyParam,
  integerParam,
  interfaceIdParam,
  textListParam,
  textParam,
  type CallbackParam,
} from './callback-params.ts'
import type { CentralRegistry } from './central-registry.ts'
import { readDescriptions, writeKnownDevices } from './device-description.ts'

/** What a callback leads to: nothing to wait for, or the promise of a central's handler. */
export type CallbackResult = void | Promise<void>

/**
 * The eight functions that a CCU calls, by the names that it uses. Each finds the central that the interface belongs
 * to and hands it what was sent; an interface that no central has is passed over in silence, and counted.
 *
 * Parameters come by position. One of a wrong type is an XmlRpcFault −32602.
 */
export class AsyncRpcFunctions {
  readonly #centrals: CentralRegistry

  constructor(centrals: CentralRegistry) {
    this.#centrals = centrals
  }

  deleteDevices(interfaceId: CallbackParam, addresses: CallbackParam): CallbackResult {
    const id = interfaceIdParam(interfaceId)
    const list = textListParam(addresses, 'addresses')
    return this.#centrals.route(id)?.onDeleteDevices?.({ interfaceId: id, addresses: list })
  }

  error(interfaceId: CallbackParam, errorCode: CallbackParam, message: CallbackParam): CallbackResult {
    const id = interfaceIdParam(interfaceId)
    const code = typeof errorCode === 'string' ? errorCode : integerParam(errorCode, 'errorCode')
    const text = textParam(message, 'message')
    return this.#centrals.route(id)?.onError?.({ interfaceId: id, errorCode: code, message: text })
  }

  // oxlint-disable-next-line max-params -- the CCU sends them by position
  event(
    interfaceId: CallbackParam,
    channelAddress: CallbackParam,
    parameter: CallbackParam,
    value: CallbackParam,
  ): CallbackResult {
    const event = {
      interfaceId: interfaceIdParam(interfaceId),
      channelAddress: textParam(channelAddress, 'channelAddress'),
      parameter: textParam(parameter, 'parameter'),
      value: anyParam(value, 'value'),
    }
    return this.#centrals.route(event.interfaceId)?.onEvent?.(event)
  }

  /** The devices that the central knows; an interface that no central has knows none. */
  async listDevices(interfaceId: CallbackParam): Promise<XmlRpcInput> {
    const id = interfaceIdParam(interfaceId)
    return writeKnownDevices((await this.#centrals.route(id)?.listDevices?.(id)) ?? [])
  }

  newDevices(interfaceId: CallbackParam, deviceDescriptions: CallbackParam): CallbackResult {
    const id = interfaceIdParam(interfaceId)
    const descriptions = readDescriptions(anyParam(deviceDescriptions, 'deviceDescriptions'))
    return this.#centrals.route(id)?.onNewDevices?.({ interfaceId: id, descriptions })
  }

  readdedDevice(interfaceId: CallbackParam, addresses: CallbackParam): CallbackResult {
    const id = interfaceIdParam(interfaceId)
    const list = textListParam(addresses, 'addresses')
    return this.#centrals.route(id)?.onReaddedDevice?.({ interfaceId: id, addresses: list })
  }

  replaceDevice(interfaceId: CallbackParam, oldAddress: CallbackParam, newAddress: CallbackParam): CallbackResult {
    const replacement = {
      interfaceId: interfaceIdParam(interfaceId),
      oldAddress: textParam(oldAddress, 'oldAddress'),
      newAddress: textParam(newAddress, 'newAddress'),
    }
    return this.#centrals.route(replacement.interfaceId)?.onReplaceDevice?.(replacement)
  }

  updateDevice(interfaceId: CallbackParam, address: CallbackParam, hint: CallbackParam): CallbackResult {
    const update = {
      interfaceId: interfaceIdParam(interfaceId),
      address: textParam(address, 'address'),
      hint: integerParam(hint, 'hint'),
    }
    return this.#centrals.route(update.interfaceId)?.onUpdateDevice?.(update)
  }

  /** Calls one of the eight by its name. */
  call(name: CallbackName, params: readonly XmlRpcValue[]): XmlRpcInput | void | Promise<XmlRpcInput | void> {
    const [first, second, third, fourth] = params
    if (name === 'event') return this.event(first, second, third, fourth)
    return this[name](first, second, third)
  }
}

/** The name of one of the eight functions. */
export type CallbackName =
  | 'deleteDevices'
  | 'error'
  | 'event'
  | 'listDevices'
  | 'newDevices'
  | 'readdedDevice'
  | 'replaceDevice'
  | 'updateDevice'
