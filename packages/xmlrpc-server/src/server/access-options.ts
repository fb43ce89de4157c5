import { checkText, OptionError } from '@x/loop-utils/errors'
import { createSecureContext } from 'node:tls'
import { checkAddresses } from '../engine/address-list.ts'
import type { AccessOptions, Credentials, GivenCredentials, TlsIdentity } from '../engine/contract.ts'
import { checkOptionNames, type OptionNames } from '../option-names.ts'

/** Decides whether a user may call; asked once a minute for each connection. */
export type CredentialsCheck = (given: GivenCredentials) => boolean | Promise<boolean>

/** Options that say who may call. */
export interface ServerAccessOptions {
  /**
   * Addresses (`192.168.1.5`, `fe80::1`) and networks (`192.168.1.0/24`) that may call; others get 403. An IPv4 address
   * stands for its IPv6-mapped form, too. Default: everybody may.
   */
  readonly allow?: readonly string[]
  /**
   * Users and passwords (HTTP basic authentication) that may call, or a function that decides; others get 401. Default:
   * none are asked for.
   */
  readonly credentials?: Credentials | readonly Credentials[] | CredentialsCheck
  /** Key and certificate, in PEM, to take calls over TLS only; with `clientCa` callers need a certificate, too. */
  readonly tls?: TlsIdentity
}

/**
 * Checks the options that say who may call.
 *
 * @throws OptionError naming the option that is not usable
 */
export function accessOptions({ allow, credentials, tls }: ServerAccessOptions): AccessOptions {
  return {
    allow: allow === undefined ? null : checkAddresses(allow, 'allow'),
    credentials: credentials === undefined ? null : checkCredentials(credentials),
    tls: tls === undefined ? null : checkTls(tls),
  }
}

function checkCredentials(credentials: NonNullable<ServerAccessOptions['credentials']>): AccessOptions['credentials'] {
  if (typeof credentials === 'function') return 'ask'
  const list: readonly Credentials[] = Array.isArray(credentials) ? credentials : [credentials]
  return list.map((pair, index) => {
    const path = Array.isArray(credentials) ? `credentials[${index}]` : 'credentials'
    if (typeof pair !== 'object' || pair === null) {
      throw new OptionError(path, pair, '{ user, password }, an array of those, or a function')
    }
    const { user, password } = pair
    checkText(`${path}.user`, user)
    checkText(`${path}.password`, password)
    if (user.includes(':')) throw new OptionError(`${path}.user`, user, 'a name without a colon')
    return { user, password }
  })
}

const TLS: OptionNames<TlsIdentity> = { key: true, cert: true, passphrase: true, clientCa: true }

function checkTls(tls: TlsIdentity): TlsIdentity {
  if (typeof tls !== 'object' || tls === null) throw new OptionError('tls', tls, '{ key, cert } in PEM')
  checkOptionNames(tls, TLS, 'tls.')
  const { key, cert, passphrase, clientCa } = tls
  checkText('tls.key', key)
  checkText('tls.cert', cert)
  if (passphrase !== undefined) checkText('tls.passphrase', passphrase, { minLength: 0 })
  if (clientCa !== undefined) checkText('tls.clientCa', clientCa)
  const identity = {
    key,
    cert,
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(clientCa === undefined ? {} : { clientCa }),
  }
  try {
    createSecureContext({ key, cert, passphrase, ca: clientCa })
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error)
    throw new OptionError('tls', tls, `a key and its certificate in PEM (OpenSSL says: ${problem})`)
  }
  return identity
}
