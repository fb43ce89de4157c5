import { checkText } from '../errors/option-checks.ts'
import { OptionError } from '../errors/option-error.ts'

/** The ends of names under which secrets are kept. */
export const SECRET_KEYS: readonly string[] = Object.freeze([
  'accessKey',
  'apiKey',
  'auth',
  'authorization',
  'cookie',
  'cookies',
  'credential',
  'credentials',
  'encryptionKey',
  'localKey',
  'pass',
  'passphrase',
  'passwd',
  'password',
  'pin',
  'privateKey',
  'psk',
  'pwd',
  'secret',
  'secretKey',
  'sessionKey',
  'signingKey',
  'token',
])

/** Tells by its name whether a value is to be kept secret. */
export type SecretTest = (key: string) => boolean

/**
 * A test of names: a name is secret when one of `keys` is its end, whatever the case and with `_`, `-`, `.` and blanks
 * left out, so that `token` covers `access_token` but not `tokens`.
 *
 * @throws OptionError when `keys` is no list of names
 */
export function secretTest(keys: readonly string[]): SecretTest {
  if (!Array.isArray(keys)) throw new OptionError('redact', keys, 'a list of names')
  const ends = keys.map((key) => checkText('redact', plain(checkText('redact', key))))
  const known = new Map<string, boolean>()
  return (key) => {
    let isSecret = known.get(key)
    if (isSecret === undefined) {
      const name = plain(key)
      isSecret = ends.some((end) => isEnd(end, name))
      // names are few unless somebody makes them up
      if (known.size < 1000 && key.length < 100) known.set(key, isSecret)
    }
    return isSecret
  }
}

function plain(key: string): string {
  return key.replaceAll(/[-_.\s]/g, '').toLowerCase()
}

/** Short words such as `pin` are ends of others (`spin`), so they count only alone. */
function isEnd(end: string, name: string): boolean {
  return end.length <= 4 ? name === end : name.endsWith(end)
}

/** The name and password in an address such as `mqtt://user:password@host`: up to the last `@`, as readers of URLs take it. */
const USERINFO = /(\w:\/\/)[^\s/?#]+@/g

/** What may be their beginning, at the end of a text that was cut. */
const CUT_USERINFO = /(\w:\/\/)[^\s/?#]+$/

/** Leaves out the user's name and password of every address in a text, or in the beginning of one. */
export function withoutUserinfo(text: string, isCut = false): string {
  if (!text.includes('://')) return text
  const shown = text.replaceAll(USERINFO, '$1[redacted]@')
  return isCut ? shown.replace(CUT_USERINFO, '$1[redacted]') : shown
}
