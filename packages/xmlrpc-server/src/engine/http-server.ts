import { createServer, type Server, type ServerOptions } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import type { TlsIdentity, XmlRpcEngineOptions } from './contract.ts'

/** The options that make a difference to Node's server. */
export type HttpServerOptions = Pick<
  XmlRpcEngineOptions,
  'keepAliveTimeoutMs' | 'headersTimeoutMs' | 'requestTimeoutMs' | 'maxConnections' | 'access'
>

/** Makes the HTTP server, with or without TLS. It answers nothing by itself that could be answered in chunks. */
export function openServer({ access, maxConnections, ...options }: HttpServerOptions): Server | TlsServer {
  const { keepAliveTimeoutMs, headersTimeoutMs, requestTimeoutMs } = options
  const settings: ServerOptions = {
    keepAliveTimeout: keepAliveTimeoutMs,
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    connectionsCheckingInterval: Math.max(1, Math.min(30_000, Math.floor(headersTimeoutMs / 2))),
    requireHostHeader: false,
    noDelay: true,
  }
  const server =
    access.tls === null
      ? createServer(settings)
      : createTlsServer({ ...settings, ...tlsSettings(access.tls), handshakeTimeout: headersTimeoutMs })
  server.maxConnections = maxConnections
  // so long a connection may do nothing while an answer is on its way
  server.timeout = requestTimeoutMs
  // a peer that has ended its side still gets its answers; a property of the server that the types do not know
  return Object.assign(server, { httpAllowHalfOpen: true })
}

function tlsSettings({ key, cert, passphrase, clientCa }: TlsIdentity): object {
  return {
    key,
    cert,
    ALPNProtocols: ['http/1.1'],
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: true }),
  }
}
