import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Credentials } from './contract.ts'

const BASIC = /^basic +([A-Za-z0-9+/_-]+=*) *$/i

/** The user and password of a request's Authorization header, if it has them (RFC 7617, in UTF-8). */
export function credentialsOf({ headers }: IncomingMessage): Credentials | undefined {
  const encoded = BASIC.exec(headers.authorization ?? '')?.[1]
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) }
}

/** Knows pairs of user and password. How long a comparison takes tells nothing about what is right in a pair. */
export class CredentialList {
  readonly #key = randomBytes(32)
  readonly #digests: readonly Buffer[]

  constructor(credentials: readonly Credentials[]) {
    this.#digests = credentials.map((pair) => this.#digest(pair))
  }

  has(given: Credentials): boolean {
    const digest = this.#digest(given)
    let isKnown = false
    // to the end, so that the place in the list does not show
    for (const known of this.#digests) if (timingSafeEqual(known, digest)) isKnown = true
    return isKnown
  }

  #digest({ user, password }: Credentials): Buffer {
    return createHmac('sha256', this.#key).update(`${user.length}:${user}${password}`).digest()
  }
}
