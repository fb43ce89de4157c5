import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type ConnectionOptions, type TlsOptions, type TLSSocket } from 'node:tls'
import { OptionError } from '@x/loop-utils/errors'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { certificateAuthority, CertificateAuthority } from '../../src/certificates/index.ts'
import { leakHooks } from '../../src/leaks/index.ts'

let authority: CertificateAuthority
beforeAll(async () => {
  authority = await certificateAuthority()
})

const leaks = leakHooks()
beforeEach(leaks.before)
afterEach(leaks.after)

/** Shakes hands over a real socket; resolves with what the client read, rejects with why it did not come about. */
async function handshake(serverOptions: TlsOptions, clientOptions: ConnectionOptions = {}): Promise<string> {
  const server = createServer(serverOptions, (socket) => {
    socket.on('error', () => undefined)
    const { subject } = socket.getPeerCertificate()
    socket.end(`hello ${String(subject?.CN ?? 'stranger')}`)
  })
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const client: TLSSocket = connect({ port, host: '127.0.0.1', servername: 'localhost', ...clientOptions })
  try {
    let text = ''
    for await (const chunk of client) text += String(chunk)
    return text
  } finally {
    client.destroy()
    server.close()
    await once(server, 'close')
  }
}

describe('certificates for tests', () => {
  it('make a handshake that verifies, by name and by address', async () => {
    const { cert: ca } = authority
    expect(await handshake(authority.server(), { ca })).toBe('hello stranger')
    const byAddress = await handshake(authority.server({ names: ['127.0.0.1'] }), { ca, servername: '' })
    expect(byAddress).toBe('hello stranger')
  })

  it('let a client prove itself', async () => {
    const { cert: ca } = authority
    const options = { ...authority.server(), ca, requestCert: true, rejectUnauthorized: true }
    expect(await handshake(options, { ca, ...authority.client({ commonName: 'hub' }) })).toBe('hello hub')
    // whether a refused client sees an alert or only the end depends on who is faster
    const refused = handshake(options, { ca, ...authority.client({ validity: 'expired' }) }).catch(() => '')
    expect(await refused).toBe('')
  })

  it.each([
    [{ validity: 'expired' }, 'CERT_HAS_EXPIRED'],
    [{ validity: 'not-yet-valid' }, 'CERT_NOT_YET_VALID'],
    [{ names: ['elsewhere.example'] }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ] as const)('are refused when made %j', async (options, code) => {
    await expect(handshake(authority.server(options), { ca: authority.cert })).rejects.toMatchObject({ code })
  })

  it('are refused by who trusts another authority, or none', async () => {
    const other = await CertificateAuthority.create({ commonName: 'other authority' })
    await expect(handshake(authority.server(), { ca: other.cert })).rejects.toMatchObject({
      code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    })
    await expect(handshake(other.server())).rejects.toMatchObject({ code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' })
  })

  it('read back as they were asked for', () => {
    const { cert } = authority.server({ names: ['a.example', '::1'], commonName: 'device 7' })
    const read = new X509Certificate(cert)
    expect(read.subject).toBe('CN=device 7')
    expect(read.subjectAltName).toBe('DNS:a.example, IP Address:0:0:0:0:0:0:0:1')
    expect(read.ca).toBe(false)
    expect(read.checkIssued(new X509Certificate(authority.cert))).toBe(true)
    expect(new X509Certificate(authority.cert).ca).toBe(true)
    expect(new X509Certificate(authority.server().cert).serialNumber).not.toBe(read.serialNumber)
  })

  it('share one authority in a process', async () => {
    expect(await certificateAuthority()).toBe(authority)
  })

  it('refuse wrong options', async () => {
    await expect(CertificateAuthority.create({ commonName: '' })).rejects.toThrow(OptionError)
    expect(() => authority.server({ names: [''] })).toThrow(expect.objectContaining({ option: 'names.0' }))
    expect(() => authority.server({ names: 'localhost' as never })).toThrow(/option names/)
    expect(() => authority.server({ validity: 'soon' as never })).toThrow(/option validity/)
    expect(() => authority.client({ commonName: 'x'.repeat(65) })).toThrow(/option commonName/)
  })
})
