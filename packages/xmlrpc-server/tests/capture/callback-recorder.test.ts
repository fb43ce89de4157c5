import { open, readFile, stat, writeFile } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { once } from 'node:events'
import { connect } from 'node:net'
import { OptionError } from '@x/loop-utils/errors'
import { leakHooks } from '@x/testkit/leaks'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BindError } from '../../src/index.ts'
import {
  CallbackRecorder,
  CaptureFileError,
  readCapture,
  replayCallbacks,
  type CallbackRecorderOptions,
} from '../../src/capture/index.ts'
import { originForm } from '../../src/capture/callback-forwarder.ts'
import { CaptureFolder } from './capture-folder.ts'
import { PeerServer } from './peer-server.ts'

const leaks = leakHooks()
let folder: CaptureFolder
let peer: PeerServer

beforeEach(async () => {
  leaks.before()
  folder = await CaptureFolder.make()
  peer = await PeerServer.open()
})

afterEach(async () => {
  await peer[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
  await leaks.after()
})

interface Recorded extends AsyncDisposable {
  readonly recorder: CallbackRecorder
  readonly file: string
  readonly url: string
}

async function record(options: Partial<CallbackRecorderOptions> = {}): Promise<Recorded> {
  const file = folder.next()
  const recorder = new CallbackRecorder({ file, target: peer.url, ...options })
  await recorder.start()
  return {
    recorder,
    file,
    url: `http://127.0.0.1:${recorder.port}`,
    [Symbol.asyncDispose]: async () => void (await recorder.stop()),
  }
}

async function post(url: string, body: string, headers: Record<string, string> = {}): Promise<[number, string]> {
  const answer = await fetch(url, { method: 'POST', body, headers: { Connection: 'close', ...headers } })
  return [answer.status, await answer.text()]
}

describe('a recorder', () => {
  it('hands requests on with their answers, and writes both down', async () => {
    const { recorder, file, url } = await record()
    peer.answering = ({ body }, response) => {
      response.writeHead(body.length > 3 ? 200 : 400, { 'Content-Type': 'text/xml' }).end(`got ${String(body)}`)
    }
    expect(await post(`${url}/RPC2?x=1`, 'Küche', { 'Content-Type': 'text/xml', Authorization: 'Basic eDp5' })).toEqual(
      [200, 'got Küche'],
    )
    expect(await post(url, 'no')).toEqual([400, 'got no'])
    const [first] = peer.heard
    expect(first?.request.headers).toMatchObject({ 'content-type': 'text/xml', authorization: 'Basic eDp5' })
    expect(recorder.health()).toMatchObject({
      status: 'ok',
      counters: { requests: 2, recorded: 2, dropped: 0, failed: 0 },
    })
    await recorder.stop()
    expect(recorder.port).toBe(0)
    expect(recorder.health().counters).toMatchObject({ requests: 2, recorded: 2 })

    const { requests, isComplete, dropped, startedAt } = await readCapture(file)
    expect([isComplete, dropped, Number.isNaN(Date.parse(startedAt))]).toEqual([true, 0, false])
    expect(requests).toMatchObject([
      { number: 1, path: '/RPC2?x=1', headers: { 'content-type': 'text/xml' }, answer: { status: 200 } },
      { number: 2, path: '/', answer: { status: 400 } },
    ])
    expect(requests.map(({ body, answer }) => [String(body), String(answer?.body)])).toEqual([
      ['Küche', 'got Küche'],
      ['no', 'got no'],
    ])
    expect(requests[0]?.answer?.atMs).toBeGreaterThanOrEqual(requests[0]?.atMs ?? Infinity)
    expect(requests[1]?.atMs).toBeGreaterThan(requests[0]?.answer?.atMs ?? Infinity)
    const text = await readFile(file, 'utf8')
    expect(text).not.toContain('eDp5')
    expect((await stat(file)).mode & 0o077).toBe(0)
  })

  it('keeps the requests of one connection on one connection, and tells neither length in pieces', async () => {
    const recorded = await record()
    await using closing = recorded
    const socket = connect(Number(new URL(closing.url).port), '127.0.0.1')
    const send = (body: string): void =>
      void socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
    let text = ''
    socket.setEncoding('latin1').on('data', (piece: string) => (text += piece))
    for (const body of ['one', 'two', 'three']) {
      send(body)
      await expect.poll(() => peer.bodies).toContain(body)
      await expect.poll(() => text.split('HTTP/1.1 200').length - 1).toBe(peer.heard.length)
    }
    expect(peer.heard.map(({ connection }) => connection)).toEqual([1, 1, 1])
    expect(text).toMatch(/content-length: 2\r\n/i)
    expect(text).not.toMatch(/chunked/i)
    socket.destroy()
    await once(socket, 'close')
  })

  it.each([
    ['ends its side of the connection', '', true],
    ['expects what nobody knows', 'Expect: more\r\n', false],
  ])('answers a caller that %s, and not in chunks', async (_what, header, hasEnded) => {
    await using recorded = await record()
    const socket = connect(Number(new URL(recorded.url).port), '127.0.0.1')
    const closed = once(socket, 'close')
    let text = ''
    socket.setEncoding('latin1').on('data', (piece: string) => (text += piece))
    socket.write(`POST / HTTP/1.1\r\nHost: a\r\n${header}Content-Length: 3\r\n\r\none`)
    if (hasEnded) socket.end()
    await expect.poll(() => text).toMatch(/^HTTP\/1.1 200 .*content-length: 2\r\n.*\r\n\r\nok$/is)
    expect(peer.bodies).toEqual(['one'])
    socket.destroy()
    await closed
  })

  it('hands other methods on and does not record them', async () => {
    const { recorder, file, url } = await record()
    const answer = await fetch(`${url}/health`, { headers: { Connection: 'close' } })
    expect([answer.status, await answer.text()]).toEqual([200, 'ok'])
    await recorder.stop()
    expect(await readCapture(file)).toMatchObject({ requests: [], isComplete: true })
  })

  it('answers 502 while the server is away or too slow, and goes on', async () => {
    const { recorder, file, url } = await record({ answerTimeoutMs: 1000 })
    peer.answering = () => {}
    expect(await post(url, 'slow')).toEqual([502, expect.stringContaining('no answer in 1000 ms')])
    peer.answering = (_heard, response) => void response.end('ok')
    expect(await post(url, 'quick')).toEqual([200, 'ok'])
    await peer[Symbol.asyncDispose]()
    expect(await post(url, 'nobody')).toEqual([502, expect.stringContaining('ECONNREFUSED')])
    expect(recorder.health().counters).toMatchObject({ requests: 3, recorded: 3, failed: 2 })
    await recorder.stop()
    const { requests } = await readCapture(file)
    expect(requests.map(({ answer }) => answer?.status)).toEqual([502, 200, 502])
  })

  it('refuses what is too long, announced or not', async () => {
    await using closing = await record({ maxBodyBytes: 10, maxAnswerBytes: 10 })
    const { url } = closing
    expect((await post(url, 'x'.repeat(11)))[0]).toBe(413)
    const sent = httpRequest(url, { method: 'POST', agent: false })
    const answered = once(sent, 'response') as Promise<[{ statusCode: number; resume(): void }]>
    sent.on('error', () => undefined)
    sent.write('x'.repeat(6))
    sent.write('x'.repeat(6))
    const [response] = await answered
    expect(response.statusCode).toBe(413)
    response.resume()
    sent.destroy()
    peer.answering = (_heard, response) => void response.end('x'.repeat(11))
    expect(await post(url, 'fits')).toEqual([502, expect.stringContaining('more than 10 bytes')])
    expect(peer.bodies).toEqual(['fits'])
  })

  it('goes on without recording when its file is full, and says so', async () => {
    const told: unknown[] = []
    const onError = (error: unknown): never => {
      told.push(error)
      throw new Error('nobody wants to know')
    }
    const { recorder, file, url } = await record({ maxFileBytes: 2000, onError })
    for (let index = 0; index < 10; index++) expect(await post(url, 'x'.repeat(300))).toEqual([200, 'ok'])
    const { status, reason, counters } = recorder.health()
    expect([status, reason]).toEqual(['degraded', expect.stringContaining('2000 bytes')])
    expect(counters['requests']).toBe(10)
    expect(counters['recorded']).toBeGreaterThan(0)
    expect(counters['dropped']).toBe(10 - (counters['recorded'] ?? 0))
    expect(told).toMatchObject([{ code: 'XMLRPC_CAPTURE', reason: 'unwritable', file }])
    await recorder.stop()
    expect((await stat(file)).size).toBeLessThanOrEqual(2000)
    const { requests, isComplete, dropped } = await readCapture(file)
    expect([requests.length, isComplete, dropped]).toEqual([counters['recorded'], true, counters['dropped']])
  })

  it('writes to a file that is not there yet, and nowhere else', async () => {
    const file = folder.next()
    await writeFile(file, 'precious')
    const recorder = new CallbackRecorder({ file, target: peer.url })
    await expect(recorder.start()).rejects.toMatchObject({ reason: 'unwritable', cause: { code: 'EEXIST' } })
    expect(await readFile(file, 'utf8')).toBe('precious')
    await recorder.stop()
    const lost = new CallbackRecorder({ file: `${folder.next()}/no/such.ndjson`, target: peer.url })
    await expect(lost.start()).rejects.toBeInstanceOf(CaptureFileError)
    await lost.stop()
  })

  it('leaves no file behind when its port is taken', async () => {
    await using first = await record()
    const file = folder.next()
    const second = new CallbackRecorder({ file, target: peer.url, port: first.recorder.port })
    await expect(second.start()).rejects.toBeInstanceOf(BindError)
    await expect(open(file)).rejects.toMatchObject({ code: 'ENOENT' })
    await second.stop()
  })

  it('lets requests under way be answered when it stops', async () => {
    const { recorder, file, url } = await record()
    peer.answering = (_heard, response) => void setTimeout(() => response.end('late'), 50)
    const answer = post(url, 'under way')
    await expect.poll(() => peer.heard.length).toBe(1)
    await recorder.stop({ deadlineMs: 10_000 })
    expect(await answer).toEqual([200, 'late'])
    expect(await readCapture(file)).toMatchObject({ isComplete: true, requests: [{ answer: { status: 200 } }] })
  })

  it('cuts off what takes longer than it may when it stops', async () => {
    const { recorder, file, url } = await record()
    peer.answering = () => {}
    const answer = post(url, 'under way').catch(() => ['cut off'])
    await expect.poll(() => peer.heard.length).toBe(1)
    await recorder.stop({ deadlineMs: 30 })
    expect((await answer)[0]).not.toBe(200)
    expect(await readCapture(file)).toMatchObject({ isComplete: true, requests: [{ number: 1 }] })
  })

  it('lives through callers that go away', async () => {
    await using closing = await record()
    const socket = connect(Number(new URL(closing.url).port), '127.0.0.1')
    await once(socket, 'connect')
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf')
    await new Promise((resolve) => setTimeout(resolve, 20))
    socket.destroy()
    await once(socket, 'close')
    const garbage = connect(Number(new URL(closing.url).port), '127.0.0.1')
    garbage.on('error', () => undefined).resume()
    garbage.write('\u{16}\u{3}\u{1}garbage\r\n\r\n')
    await once(garbage, 'close')
    expect(await post(closing.url, 'after')).toEqual([200, 'ok'])
    expect(peer.bodies).toEqual(['after'])
  })

  it('records a thousand requests of many connections, each whole, and replays them', async () => {
    const { recorder, file, url } = await record()
    const numbers = Array.from({ length: 1000 }, (_, index) => index)
    const lanes = Array.from({ length: 10 }, async (_, lane) => {
      for (const number of numbers.filter((each) => each % 10 === lane)) {
        await (await fetch(url, { method: 'POST', body: `${number} ${'ü'.repeat(number)}` })).text()
      }
    })
    await Promise.all(lanes)
    await recorder.stop()
    const { requests } = await readCapture(file)
    expect(requests.map(({ number }) => number)).toEqual(numbers.map((number) => number + 1))
    const bodies = requests.map(({ body }) => String(body))
    expect(bodies.toSorted((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))).toEqual(
      numbers.map((number) => `${number} ${'ü'.repeat(number)}`),
    )
    peer.heard.length = 0
    expect(await replayCallbacks(file, peer.url, { speed: Infinity })).toMatchObject({ matching: 1000, failed: 0 })
    const order = (text: string, lane: number): boolean => Number.parseInt(text, 10) % 10 === lane
    for (const lane of [0, 3, 9]) {
      const replayed = peer.heard.map(({ body }) => String(body)).filter((text) => order(text, lane))
      expect(replayed).toEqual(bodies.filter((text) => order(text, lane)))
    }
  })

  it('names a request by path and query, whatever form its target has', () => {
    const forms = ['/RPC2', '/a?b=c', 'http://ccu:80/RPC2?d', '*', 'mailto:a@b', undefined]
    expect(forms.map((form) => originForm(form))).toEqual(['/RPC2', '/a?b=c', '/RPC2?d', '/', '/', '/'])
  })

  it.each<[string, Partial<CallbackRecorderOptions>]>([
    ['file', { file: '' }],
    ['target', { target: 'nowhere' }],
    ['target', { target: new URL('ftp://a') }],
    ['host', { host: '' }],
    ['port', { port: -1 }],
    ['maxFileBytes', { maxFileBytes: 10 }],
    ['maxBodyBytes', { maxBodyBytes: 0 }],
    ['maxAnswerBytes', { maxAnswerBytes: 0.5 }],
    ['maxConnections', { maxConnections: 0 }],
    ['answerTimeoutMs', { answerTimeoutMs: 0 }],
    ['onError', { onError: 5 as never }],
  ])('refuses a wrong %s', (option, wrong) => {
    const make = (): CallbackRecorder => new CallbackRecorder({ file: 'a.ndjson', target: 'http://a', ...wrong })
    expect(make).toThrow(OptionError)
    expect(make).toThrow(expect.objectContaining({ option }))
  })
})
