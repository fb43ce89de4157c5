import { CertificateAuthority } from '@x/testkit/certificates'
import { bothModes } from '@x/testkit/modes'
import { request } from 'node:https'
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { AddressList } from '../../src/engine/address-list.ts'
import { callDocument, post, type PostOptions } from '../engine/engine-harness.ts'
import { RecordingCentral, startServer } from './server-harness.ts'

const EVENT = callDocument('event', 'rf', 'ABC:1', 'STATE', '<boolean>1</boolean>')

const basic = (user: string, password: string): PostOptions => ({
  headers: { Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` },
})

describe('a list of addresses', () => {
  const list = new AddressList(['192.168.1.5', '10.0.0.0/8', 'fe80::/10', '::1', '::ffff:172.16.0.0/112'])

  it.each([
    ['192.168.1.5', true],
    ['192.168.1.6', false],
    ['::ffff:192.168.1.5', true],
    ['::ffff:c0a8:106', false],
    ['10.255.0.1', true],
    ['11.0.0.1', false],
    ['fe80::1%eth0', true],
    ['fec0::1', false],
    ['::1', true],
    ['172.16.9.9', true],
    ['172.17.0.1', false],
    ['', false],
    ['no address', false],
  ])('knows of %s whether it is listed: %s', (address, isListed) => {
    expect(list.has(address)).toBe(isListed)
  })

  it.each(['', 'localhost', '1.2.3', '1.2.3.4/33', '1.2.3.4/-1', '1.2.3.4/', '1.2.3.4/8/8', '::/129', '1.2.3.4:80', 7])(
    'refuses %s, naming its place',
    (entry) => {
      const make = (): unknown => new AddressList(['::1', entry as string])
      expect(make).toThrow(expect.objectContaining({ code: 'LOOP_OPTION', option: 'allow[1]' }))
    },
  )
})

describe('who may call', () => {
  bothModes('is everybody from a listed address; others get 403 at every path', async (context) => {
    const listed = await startServer(context, { allow: ['10.0.0.1', '127.0.0.0/8'] })
    expect((await post(listed.listenPort, EVENT)).status).toBe(200)
    const other = await startServer(context, { allow: ['10.0.0.1'] })
    const central = new RecordingCentral('hub', 'rf')
    other.addCentral(central)
    for (const [body, options] of [
      [EVENT, {}],
      ['', { method: 'GET', path: '/health' }],
      [EVENT, { path: '/nowhere' }],
    ] as const) {
      const answer = await post(other.listenPort, body, options)
      expect(answer.status).toBe(403)
      expect(answer.headers['connection']).toBe('close')
    }
    await expect.poll(() => other.healthStatus).toMatchObject({ deniedRequests: 3, errorCount: 3, connections: 0 })
    expect(central.events).toEqual([])
  })

  bothModes('lets strangers hold only so many connections', async (context) => {
    const server = await startServer(context, { allow: ['10.0.0.1'] })
    let ended = 0
    const sockets = Array.from({ length: 50 }, () => connect(server.listenPort, '127.0.0.1'))
    for (const socket of sockets) {
      socket.on('error', () => undefined).on('close', () => ended++)
      context.defer(() => socket.destroy())
    }
    await expect.poll(() => ended).toBe(18)
    expect((await post(server.listenPort, EVENT).catch(({ code }) => ({ status: code }))).status).toBe('ECONNRESET')
    for (const socket of sockets) socket.destroy()
    await expect.poll(() => server.healthStatus.connections).toBe(0)
    expect((await post(server.listenPort, EVENT)).status).toBe(403)
  })

  bothModes('is whoever has one of the passwords; others get 401', async (context) => {
    const server = await startServer(context, {
      credentials: [
        { user: 'ccu', password: 'säcret:1' },
        { user: 'other', password: 'two' },
      ],
    })
    const status = async (options: PostOptions): Promise<number> =>
      (await post(server.listenPort, EVENT, options)).status
    expect(await status(basic('ccu', 'säcret:1'))).toBe(200)
    expect(await status(basic('other', 'two'))).toBe(200)
    expect(await status(basic('ccu', 'two'))).toBe(401)
    expect(await status(basic('cc', 'usäcret:1'))).toBe(401)
    for (const value of ['', 'Basic', 'Basic !!!', `Basic ${Buffer.from('ccu').toString('base64')}`, 'Bearer abc']) {
      expect(await status({ headers: { Authorization: value } }), value).toBe(401)
    }
    const refused = await post(server.listenPort, EVENT)
    expect(refused.status).toBe(401)
    expect(refused.headers['www-authenticate']).toBe('Basic realm="xmlrpc", charset="UTF-8"')
    expect((await post(server.listenPort, '', { method: 'GET', path: '/health' })).status).toBe(401)
    await expect.poll(() => server.healthStatus.deniedRequests).toBe(9)
  })

  bothModes('is whoever a function lets, which is asked once for a connection', async (context) => {
    const asked: unknown[] = []
    const errors: unknown[] = []
    const server = await startServer(context, {
      onError: (error) => errors.push(error),
      credentials: async (given) => {
        asked.push(given)
        if (given.user === 'broken') throw new Error('no directory')
        return given.password === 'open'
      },
    })
    expect((await post(server.listenPort, EVENT, basic('one', 'open'))).status).toBe(200)
    expect((await post(server.listenPort, EVENT, basic('one', 'shut'))).status).toBe(401)
    expect((await post(server.listenPort, EVENT, basic('broken', 'open'))).status).toBe(401)
    expect((await post(server.listenPort, EVENT)).status).toBe(401)
    expect(asked).toEqual([
      { user: 'one', password: 'open', remoteAddress: '127.0.0.1' },
      { user: 'one', password: 'shut', remoteAddress: '127.0.0.1' },
      { user: 'broken', password: 'open', remoteAddress: '127.0.0.1' },
    ])
    expect(errors).toEqual([new Error('no directory')])
    const head = `POST / HTTP/1.1\r\nHost: x\r\nAuthorization: ${basic('one', 'open').headers?.['Authorization']}\r\n`
    const whole = `${head}Content-Type: text/xml\r\nContent-Length: ${EVENT.length}\r\n\r\n${EVENT}`
    let received = ''
    const socket = connect(server.listenPort, '127.0.0.1', () => socket.write(whole))
    context.defer(() => socket.destroy())
    socket.on('data', (text) => {
      received += text.toString()
    })
    for (let count = 1; count <= 3; count++) {
      await expect.poll(() => received.split('</methodResponse>').length - 1).toBe(count)
      if (count < 3) socket.write(whole)
    }
    expect(asked).toHaveLength(4)
  })

  bothModes('gets 503 when the function does not answer in time', async (context) => {
    const server = await startServer(context, { handlerTimeoutMs: 30, credentials: () => new Promise(() => undefined) })
    expect((await post(server.listenPort, EVENT, basic('a', 'b'))).status).toBe(503)
  })
})

describe('calls over TLS', () => {
  interface Trust {
    readonly ca: string
    readonly key?: string
    readonly cert?: string
  }

  function postTls(port: number, trust: Trust): Promise<string> {
    return new Promise((resolve, reject) => {
      const options = { host: 'localhost', port, method: 'POST', agent: false, headers: { 'Content-Type': 'text/xml' } }
      const client = request({ ...options, ...trust }, (response) => {
        let body = ''
        response.on('data', (text) => {
          body += text
        })
        response.on('end', () => resolve(`${response.statusCode} ${body}`))
      })
      client.on('error', reject).end(EVENT)
    })
  }

  bothModes('are taken from who trusts the certificate, and no others', async (context) => {
    const authority = await CertificateAuthority.create()
    const server = await startServer(context, { tls: authority.server() })
    const central = new RecordingCentral('hub', 'rf')
    server.addCentral(central)
    expect(await postTls(server.listenPort, { ca: authority.cert })).toMatch(/^200 .*<boolean>1/)
    await expect.poll(() => central.events).toHaveLength(1)
    await expect(post(server.listenPort, EVENT)).rejects.toThrow(/hang up|ECONNRESET/)
    const stranger = await CertificateAuthority.create()
    await expect(postTls(server.listenPort, { ca: stranger.cert })).rejects.toThrow(/certificate|issuer|signature/)
  })

  bothModes('need a certificate of the caller where an authority is given', async (context) => {
    const authority = await CertificateAuthority.create()
    const server = await startServer(context, { tls: { ...authority.server(), clientCa: authority.cert } })
    const trust = { ca: authority.cert }
    expect(await postTls(server.listenPort, { ...trust, ...authority.client() })).toMatch(/^200 /)
    await expect(postTls(server.listenPort, trust)).rejects.toThrow()
  })
})
