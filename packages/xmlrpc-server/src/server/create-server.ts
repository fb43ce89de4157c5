import { AsyncXmlRpcServer } from './async-xml-rpc-server.ts'
import type { XmlRpcServerOptions } from './server-options.ts'

/**
 * Makes a callback server and starts it; resolves when it is bound.
 *
 * @throws OptionError when an option is not usable
 * @throws BindError when the address cannot be bound
 */
export async function createAsyncXmlRpcServer(options: XmlRpcServerOptions = {}): Promise<AsyncXmlRpcServer> {
  const server = new AsyncXmlRpcServer(options)
  await server.start()
  return server
}
