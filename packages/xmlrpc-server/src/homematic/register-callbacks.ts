import type { AsyncXmlRpcDispatcher } from '../dispatcher/async-xml-rpc-dispatcher.ts'
import type { MethodOptions, XmlRpcSignature } from '../dispatcher/method.ts'
import type { AsyncRpcFunctions, CallbackName } from './async-rpc-functions.ts'

/** The callbacks that are acknowledged before anybody handles them; only `listDevices` is answered with a result. */
export const ACKNOWLEDGED: ReadonlySet<Exclude<CallbackName, 'listDevices'>> = new Set([
  'event',
  'newDevices',
  'deleteDevices',
  'updateDevice',
  'readdedDevice',
  'replaceDevice',
  'error',
])

/** Methods that some interfaces call and nobody needs to handle: they are answered with `true`. */
export const QUIET_METHODS: readonly string[] = ['setReadyConfig']

const VALUE_TYPES = ['boolean', 'int', 'double', 'string', 'struct', 'array', 'base64', 'dateTime.iso8601', 'nil']

function acknowledged(...params: string[]): readonly XmlRpcSignature[] {
  return [['boolean', 'string', ...params]]
}

const ABOUT: Readonly<Record<CallbackName, MethodOptions>> = {
  deleteDevices: { help: 'Devices were deleted.', signatures: acknowledged('array') },
  error: { help: 'The CCU reports an error.', signatures: [['boolean', 'string', 'int', 'string']] },
  event: {
    help: 'A data point has a value.',
    signatures: VALUE_TYPES.map((type) => ['boolean', 'string', 'string', 'string', type] as const),
  },
  listDevices: { help: 'Lists the devices that are known already.', signatures: [['array', 'string']] },
  newDevices: { help: 'Devices are new.', signatures: acknowledged('array') },
  readdedDevice: { help: 'Devices came back.', signatures: acknowledged('array') },
  replaceDevice: { help: 'A device was replaced.', signatures: acknowledged('string', 'string') },
  updateDevice: { help: 'A device has changed.', signatures: acknowledged('string', 'int') },
}

/** The names of the eight functions that a CCU calls. */
export const CALLBACK_NAMES = Object.keys(ABOUT) as readonly CallbackName[]

/**
 * Registers the eight functions, and those that are only acknowledged. Each is answered when its handler is done;
 * a server that acknowledges first answers the {@link ACKNOWLEDGED} ones itself.
 */
export function registerCallbacks(dispatcher: AsyncXmlRpcDispatcher, functions: AsyncRpcFunctions): void {
  for (const name of CALLBACK_NAMES) {
    dispatcher.register(name, (...params) => functions.call(name, params), ABOUT[name])
  }
  for (const name of QUIET_METHODS) dispatcher.register(name, () => true, { help: 'Is acknowledged.' })
}
