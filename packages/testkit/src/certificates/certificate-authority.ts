import { randomBytes } from 'node:crypto'
import { isIP } from 'node:net'
import { checkOneOf, checkText, OptionError } from '@x/loop-utils/errors'
import forge from 'node-forge'
import { generateKey, sharedLeafKey } from './rsa-key.ts'

/** A certificate and its private key, in PEM, as `node:tls` takes them. */
export interface Certificate {
  readonly key: string
  readonly cert: string
}

/** Whether a certificate holds now, has run out, or begins later. */
export type Validity = 'current' | 'expired' | 'not-yet-valid'

/** What a certificate is to say. */
export interface CertificateOptions {
  /** Host names and IP addresses that the certificate stands for. Default localhost, 127.0.0.1 and ::1. */
  readonly names?: readonly string[]
  /** Default: the first name, or `test client`. */
  readonly commonName?: string
  /** Default `current`. */
  readonly validity?: Validity
}

const DAY_MS = 24 * 60 * 60 * 1000
/** Days from now; wide enough for a clock that is set wrong between making and checking. */
const PERIODS: { readonly [V in Validity]: readonly [from: number, to: number] } = {
  current: [-30, 30],
  expired: [-60, -30],
  'not-yet-valid': [30, 60],
}
const LOOPBACK = ['localhost', '127.0.0.1', '::1']
const DNS_NAME = 2
const IP_ADDRESS = 7

/** A certificate authority for tests: it signs whatever is asked for. */
export class CertificateAuthority {
  /** Its own certificate in PEM, to be trusted with the option `ca`. */
  readonly cert: string
  readonly #key: forge.pki.rsa.PrivateKey
  readonly #subject: forge.pki.CertificateField[]
  readonly #leafKey: string

  private constructor(commonName: string, authorityKey: string, leafKey: string) {
    this.#key = forge.pki.privateKeyFromPem(authorityKey)
    this.#leafKey = leafKey
    this.#subject = [{ name: 'commonName', value: commonName }]
    const cert = this.#prepare(this.#key, this.#subject, 'current')
    cert.setExtensions([
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
      { name: 'subjectKeyIdentifier' },
    ])
    this.cert = this.#sign(cert)
  }

  /**
   * Makes an authority with a key of its own.
   *
   * @throws OptionError
   */
  static async create(options: { readonly commonName?: string } = {}): Promise<CertificateAuthority> {
    const commonName = checkText('commonName', options.commonName ?? 'x test authority', { maxLength: 64 })
    const [authorityKey, leafKey] = await Promise.all([generateKey(), sharedLeafKey()])
    return new CertificateAuthority(commonName, authorityKey, leafKey)
  }

  /** A certificate for a TLS server. @throws OptionError */
  server(options: CertificateOptions = {}): Certificate {
    const names = checkNames(options.names ?? LOOPBACK)
    return this.#issue('serverAuth', { ...options, names, commonName: options.commonName ?? names[0] ?? '' })
  }

  /** A certificate with which a client proves itself. @throws OptionError */
  client(options: CertificateOptions = {}): Certificate {
    const names = checkNames(options.names ?? [])
    return this.#issue('clientAuth', { ...options, names, commonName: options.commonName ?? 'test client' })
  }

  #issue(
    usage: 'serverAuth' | 'clientAuth',
    options: CertificateOptions & { readonly names: readonly string[] },
  ): Certificate {
    const commonName = checkText('commonName', options.commonName, { maxLength: 64 })
    const validity = checkOneOf('validity', options.validity ?? 'current', ['current', 'expired', 'not-yet-valid'])
    const key = forge.pki.privateKeyFromPem(this.#leafKey)
    const cert = this.#prepare(key, [{ name: 'commonName', value: commonName }], validity)
    cert.setExtensions([
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
      { name: 'extKeyUsage', [usage]: true },
      ...(options.names.length === 0 ? [] : [{ name: 'subjectAltName', altNames: options.names.map(toAltName) }]),
    ])
    return { key: this.#leafKey, cert: this.#sign(cert) }
  }

  #prepare(
    key: forge.pki.rsa.PrivateKey,
    subject: forge.pki.CertificateField[],
    validity: Validity,
  ): forge.pki.Certificate {
    const cert = forge.pki.createCertificate()
    cert.publicKey = forge.pki.setRsaPublicKey(key.n, key.e)
    // a leading 1 keeps the number positive and of full length
    cert.serialNumber = `1${randomBytes(15).toString('hex')}`.padEnd(32, '0')
    const [from, to] = PERIODS[validity]
    cert.validity.notBefore = new Date(Date.now() + from * DAY_MS)
    cert.validity.notAfter = new Date(Date.now() + to * DAY_MS)
    cert.setSubject(subject)
    cert.setIssuer(this.#subject)
    return cert
  }

  #sign(cert: forge.pki.Certificate): string {
    cert.sign(this.#key, forge.md.sha256.create())
    return forge.pki.certificateToPem(cert)
  }
}

let shared: Promise<CertificateAuthority> | undefined

/** The authority that the tests of this process share; made at the first call. */
export function certificateAuthority(): Promise<CertificateAuthority> {
  shared ??= CertificateAuthority.create()
  return shared
}

function checkNames(names: readonly string[]): readonly string[] {
  if (!Array.isArray(names)) throw new OptionError('names', names, 'a list of host names and addresses')
  return names.map((name: unknown, index) => checkText(`names.${index}`, name, { maxLength: 253 }))
}

function toAltName(name: string): { type: number; value?: string; ip?: string } {
  return isIP(name) === 0 ? { type: DNS_NAME, value: name } : { type: IP_ADDRESS, ip: name }
}
