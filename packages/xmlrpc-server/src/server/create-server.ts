import type { XmlRpcServerOptions } from './server-options.ts'
import { XmlRpcServerLease } from './xml-rpc-server-lease.ts'

/**
 * Starts the callback server of an address, or takes hold of the one that runs there: there is one for each host and
 * port, for as long as somebody holds it. Resolves when it is bound. A port 0 is a server of its own each time.
 *
 * @throws OptionError when an option is not usable
 * @throws BindError when the address cannot be bound
 * @throws ServerConflictError when the server that runs there has other options than the given ones
 * @example
 * await using server = await createAsyncXmlRpcServer({ port: 9123 })
 * server.addCentral({ name: 'home', hasClient: (id) => id === 'home-rf', onEvent: console.log })
 */
export async function createAsyncXmlRpcServer(options: XmlRpcServerOptions = {}): Promise<XmlRpcServerLease> {
  const lease = new XmlRpcServerLease(options)
  await lease.start()
  return lease
}
