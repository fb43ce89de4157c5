import { AsyncXmlRpcDispatcher } from '../dispatcher/async-xml-rpc-dispatcher.ts'
import type { AsyncRpcFunctions } from '../homematic/async-rpc-functions.ts'
import { registerCallbacks } from '../homematic/register-callbacks.ts'
import type { ServerSettings } from './server-options.ts'

/** The dispatcher of a server: the callbacks, introspection and multicalls. */
export function createDispatcher(settings: ServerSettings, functions: AsyncRpcFunctions): AsyncXmlRpcDispatcher {
  const { dialect, exposeErrors, maxMulticallCalls, logger } = settings
  const dispatcher = new AsyncXmlRpcDispatcher({ encode: { dialect }, exposeErrors, maxMulticallCalls, logger })
  registerCallbacks(dispatcher, functions)
  return dispatcher.registerIntrospectionFunctions().registerMulticallFunctions()
}
