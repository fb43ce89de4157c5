import { XError } from '@x/loop-utils/errors'

/** A CCU took the registration, but nothing came back from it. */
export class CcuSilentError extends XError {
  override readonly name = 'CcuSilentError'
  readonly code = 'XMLRPC_CCU_SILENT'
  readonly interfaceId: string
  /** Where the CCU was told to call. */
  readonly callbackUrl: string
  /** For how long nothing came, in milliseconds. */
  readonly silentMs: number

  constructor(interfaceId: string, failure: { callbackUrl: string; silentMs: number; cause?: unknown }) {
    const { callbackUrl, silentMs, cause } = failure
    super(
      `init was sent for ${interfaceId}, and nothing came back in ${Math.round(silentMs)} ms; ` +
        `check that the CCU can reach ${callbackUrl} (firewall, container network, several network cards)`,
      { cause },
    )
    this.interfaceId = interfaceId
    this.callbackUrl = callbackUrl
    this.silentMs = silentMs
  }
}

/** A CCU with which this program was registered does not answer any more, or not to its callback server. */
export class CcuLostError extends XError {
  override readonly name = 'CcuLostError'
  readonly code = 'XMLRPC_CCU_LOST'
  readonly interfaceId: string
  /** `unreachable`: it takes no calls; `silent`: it takes pings, and no PONG comes. */
  readonly reason: 'unreachable' | 'silent'

  constructor(interfaceId: string, reason: 'unreachable' | 'silent', cause?: unknown) {
    const what = reason === 'unreachable' ? 'takes no calls any more' : 'answers no ping with a PONG any more'
    super(`the interface of ${interfaceId} ${what}; it is registered with again by itself`, { cause })
    this.interfaceId = interfaceId
    this.reason = reason
  }
}
