/** Codes of failures that may be gone a moment later: the peer restarts, a link is down, a name server is away. */
const TRANSIENT_CODES: ReadonlySet<string> = new Set([
  'EADDRNOTAVAIL',
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETRESET',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ERR_SOCKET_CONNECTION_TIMEOUT',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ETIMEDOUT',
  'LOOP_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_SOCKET',
])

/** How many errors are looked at, so that a hostile chain of causes ends. */
const MAX_ERRORS = 256

/**
 * Whether an error, one of its causes or one of its aggregated errors says that the network failed in a way that may
 * pass, judged by `code` alone: messages differ between platforms and versions. What a circuit breaker refuses is no
 * such error, whatever has tripped it.
 *
 * @example
 * await retry(connect, { retryIf: (error) => isTransientNetworkError(error) })
 */
export function isTransientNetworkError(error: unknown): boolean {
  return isTransient(error, new Set())
}

function isTransient(error: unknown, seen: Set<object>): boolean {
  if (typeof error !== 'object' || error === null || seen.has(error) || seen.size >= MAX_ERRORS) return false
  seen.add(error)
  const { code, remoteCode, cause, errors } = fieldsOf(error)
  // what the breaker saw before is not what this call met
  if (isRefusal(code) || isRefusal(remoteCode)) return false
  if (isTransientCode(code) || isTransientCode(remoteCode) || isTransient(cause, seen)) return true
  return Array.isArray(errors) && errors.some((part) => isTransient(part, seen))
}

/** A field that throws when it is read says nothing. */
function fieldsOf(error: object): Partial<Record<'code' | 'remoteCode' | 'cause' | 'errors', unknown>> {
  try {
    const { code, remoteCode, cause, errors } = error as Record<string, unknown>
    return { code, remoteCode, cause, errors }
  } catch {
    return {}
  }
}

/** A breaker's refusal, in whose `cause` is what tripped it. */
function isRefusal(code: unknown): boolean {
  return code === 'LOOP_CIRCUIT_OPEN' || code === 'LOOP_CIRCUIT_ISOLATED'
}

function isTransientCode(code: unknown): boolean {
  return typeof code === 'string' && TRANSIENT_CODES.has(code)
}
