import { checkDuration, checkInteger, checkText, XError } from '@x/loop-utils/errors'
import { createSocket } from 'node:dgram'
import type { LookupAddress } from 'node:dns'
import { lookup } from 'node:dns/promises'
import { timeout } from '@x/loop-utils/timeout'

/** The system has no way to a CCU. */
export class CcuRouteError extends XError {
  override readonly name = 'CcuRouteError'
  readonly code = 'XMLRPC_CCU_ROUTE'
  readonly host: string

  constructor(host: string, cause: unknown) {
    super(`no way to ${host} is known; check the name of the CCU and the network`, { cause })
    this.host = host
  }
}

/**
 * The address of this machine from which it would call a CCU, and at which the CCU is likely to reach it. The system is
 * asked for its route by a UDP socket that is connected and sends nothing. Inside a container it is the container's
 * address, which a CCU cannot reach unless the network is the host's. An address of IPv6, which is given for a CCU that
 * has no other, goes into brackets in a URL.
 *
 * @param ccuHost name or address of the CCU
 * @throws CcuRouteError when the name is unknown or there is no route
 */
export async function suggestCallbackAddress(
  ccuHost: string,
  options: { readonly port?: number; readonly timeoutMs?: number } = {},
): Promise<string> {
  checkText('ccuHost', ccuHost)
  const port = checkInteger('port', options.port ?? 2001, { min: 1, max: 65_535 })
  const timeoutMs = checkDuration('timeoutMs', options.timeoutMs ?? 5000, { min: 1 })
  const host = ccuHost.replace(/^\[(.*)\]$/, '$1')
  try {
    const find = async (): Promise<string> => addressTowards(await lookup(host, { all: true }), port)
    return await timeout(find, timeoutMs, { what: `looking up ${host}` })
  } catch (cause) {
    throw new CcuRouteError(ccuHost, cause)
  }
}

/**
 * The address of this machine from which it would call the first of some addresses that it has a way to; those of IPv4,
 * by which a CCU calls, come first.
 *
 * @throws what the system says of the last one
 */
export async function addressTowards(candidates: readonly LookupAddress[], port: number): Promise<string> {
  let cause: unknown
  for (const { address, family } of candidates.toSorted((one, other) => one.family - other.family)) {
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4')
    try {
      await new Promise<void>((resolve, reject) => {
        // a callback of connect() would be called for a failure, too
        socket.once('error', reject).once('connect', resolve)
        socket.connect(port, address)
      })
      return socket.address().address
    } catch (error) {
      cause = error
    } finally {
      socket.close()
    }
  }
  throw cause
}
