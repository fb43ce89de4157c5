import { XError } from '@x/loop-utils/errors'

/** A call did not get through: no connection, or it broke before the answer was complete. */
export class XmlRpcTransportError extends XError {
  override readonly name = 'XmlRpcTransportError'
  readonly code = 'XMLRPC_TRANSPORT'
  /** Where to, without credentials. */
  readonly url: string
  /** What the system or Node.js says, such as `ECONNREFUSED`; `RESPONSE_TOO_LARGE` when the answer exceeds its bound. */
  readonly reason: string
  /** Whether the peer may have done what it was asked: false only when it cannot have got the whole request. */
  readonly maybeExecuted: boolean

  constructor(url: string, failure: { reason: string; maybeExecuted: boolean; cause?: unknown }) {
    const { reason, maybeExecuted, cause } = failure
    const advice = maybeExecuted ? 'the call may have been carried out' : 'check that the peer runs and can be reached'
    super(`the call to ${url} failed with ${reason}; ${advice}`, { cause })
    this.url = url
    this.reason = reason
    this.maybeExecuted = maybeExecuted
  }
}

/** The peer answered with something else than an XML-RPC response: another HTTP status, or another type of content. */
export class XmlRpcHttpError extends XError {
  override readonly name = 'XmlRpcHttpError'
  readonly code = 'XMLRPC_HTTP'
  /** Where to, without credentials. */
  readonly url: string
  readonly status: number
  readonly contentType: string
  /** The beginning of the body. */
  readonly excerpt: string

  constructor(url: string, answer: { status: number; contentType: string; excerpt: string }) {
    const { status, contentType, excerpt } = answer
    const type = contentType === '' ? 'no content type' : contentType
    super(`${url} answered with HTTP status ${status} and ${type}; check that it is an XML-RPC interface`)
    this.url = url
    this.status = status
    this.contentType = contentType
    this.excerpt = excerpt
  }
}

/** A call was made on a client that is closed, or was under way when it closed. */
export class XmlRpcClientClosedError extends XError {
  override readonly name = 'XmlRpcClientClosedError'
  readonly code = 'XMLRPC_CLIENT_CLOSED'

  constructor() {
    super('the client is closed; make another one')
  }
}
