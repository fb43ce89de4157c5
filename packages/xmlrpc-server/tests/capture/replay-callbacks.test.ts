import { ManualClock } from '@x/loop-utils/clock'
import { OptionError } from '@x/loop-utils/errors'
import { leakHooks } from '@x/testkit/leaks'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { replayCallbacks, type ReplayOptions, type ReplayReport } from '../../src/capture/index.ts'
import { answerLine, CaptureFolder, HEADER, requestLine } from './capture-folder.ts'
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

/** Replays requests of given times while a clock is moved by hand; tells when each request arrived. */
async function replayBy(
  stepMs: number,
  timesMs: readonly number[],
  speed: number,
): Promise<{ report: ReplayReport; times: readonly number[] }> {
  const clock = new ManualClock()
  const times: number[] = []
  peer.answering = (_heard, response) => {
    times.push(clock.now())
    response.end('ok')
  }
  const lines = timesMs.map((atMs, index) => requestLine(index + 1, atMs))
  const dueTimes = timesMs.map((atMs) => atMs / speed)
  const file = await folder.write([HEADER, ...lines])
  const startedAt = clock.now()
  const run = { isOver: false }
  const replay = replayCallbacks(file, peer.url, { clock, timeoutMs: 10 ** 9, speed })
  void replay.finally(() => (run.isOver = true))
  while (!run.isOver) {
    // what is due arrives before the clock goes on
    const due = dueTimes.filter((dueMs) => dueMs <= clock.now() - startedAt).length
    while (times.length < due && !run.isOver) await new Promise((resolve) => setTimeout(resolve, 1))
    await new Promise((resolve) => setTimeout(resolve, 2))
    await clock.advance(stepMs)
  }
  return { report: await replay, times: times.map((time) => time - startedAt) }
}

describe('a replay', () => {
  it.each([
    [1, [0, 1000, 3000]],
    [2, [0, 500, 1500]],
    [0.5, [0, 2000, 6000]],
  ])('at speed %d keeps the times between requests', async (speed, expected) => {
    const { report, times } = await replayBy(100, [0, 1000, 3000], speed)
    expect(times).toEqual(expected)
    expect(report).toMatchObject({ requests: 3, answered: 3, failed: 0, uncompared: 3, statuses: { 200: 3 } })
    expect(report.durationMs).toBeGreaterThanOrEqual(expected[2] ?? 0)
  })

  it('sends what was recorded: path, kept headers and every byte, and headers of yours', async () => {
    const file = await folder.write([
      HEADER,
      {
        ...requestLine(1, 5),
        path: '/RPC2?a=b',
        headers: { 'content-type': 'text/xml; charset=iso-8859-1', 'user-agent': 'XMLRPC++ 0.7' },
        encoding: 'latin1',
        body: 'K\u{FC}che \u{B0}',
      },
    ])
    await replayCallbacks(file, `${peer.url}/not-used`, { speed: Infinity, headers: { Authorization: 'Basic eA==' } })
    const [{ request, body } = { request: undefined, body: undefined }] = peer.heard
    expect(request?.url).toBe('/RPC2?a=b')
    expect(request?.headers).toMatchObject({
      'content-type': 'text/xml; charset=iso-8859-1',
      'user-agent': 'XMLRPC++ 0.7',
      'content-length': '7',
      authorization: 'Basic eA==',
    })
    expect(body?.toString('latin1')).toBe('K\u{FC}che \u{B0}')
  })

  it('as fast as possible sends nothing before what had been answered first, and at once what had not', async () => {
    const file = await folder.write([
      HEADER,
      requestLine(1, 0),
      requestLine(2, 1),
      answerLine(1, 2),
      answerLine(2, 3),
      requestLine(3, 60_000),
      answerLine(3, 60_001),
      requestLine(4, 60_002),
    ])
    const answered: string[] = []
    const underWay = new Set<string>()
    const together: string[][] = []
    peer.answering = ({ body }, response) => {
      const name = body.toString()
      underWay.add(name)
      together.push([...underWay])
      const finish = (): void => {
        underWay.delete(name)
        answered.push(name)
        response.end('ok')
      }
      // the first waits until the second has come
      if (name === 'request 2') setTimeout(finish, 10)
      else if (name === 'request 1') setTimeout(finish, 40)
      else finish()
    }
    const report = await replayCallbacks(file, peer.url, { speed: Infinity })
    expect(together).toEqual([['request 1'], ['request 1', 'request 2'], ['request 3'], ['request 4']])
    expect(answered).toEqual(['request 2', 'request 1', 'request 3', 'request 4'])
    expect(report).toMatchObject({ requests: 4, matching: 3, uncompared: 1, differing: 0, latestMs: 0 })
  })

  it('has no more requests under way than it may', async () => {
    const file = await folder.write([HEADER, ...Array.from({ length: 20 }, (_, index) => requestLine(index + 1, 0))])
    let underWay = 0
    let most = 0
    peer.answering = (_heard, response) => {
      underWay++
      most = Math.max(most, underWay)
      setTimeout(() => {
        underWay--
        response.end('ok')
      }, 5)
    }
    expect(await replayCallbacks(file, peer.url, { speed: Infinity, maxConcurrent: 3 })).toMatchObject({ answered: 20 })
    expect(most).toBe(3)
  })

  it('tells answers apart, and shows some of those that differ', async () => {
    const lines = Array.from({ length: 6 }, (_, index) => [
      requestLine(index + 1, index),
      answerLine(index + 1, index + 0.5, index === 2 ? 'ok' : `was ${index}`),
    ]).flat()
    const file = await folder.write([HEADER, ...lines])
    peer.answering = ({ body }, response) => {
      if (body.toString() === 'request 6') response.statusCode = 500
      response.end('ok')
    }
    const report = await replayCallbacks(file, peer.url, { speed: Infinity, maxDifferences: 2 })
    expect(report).toMatchObject({
      matching: 1,
      differing: 5,
      uncompared: 0,
      statuses: { 200: 5, 500: 1 },
      failures: [],
    })
    expect(report.differences).toEqual([
      {
        request: 1,
        recorded: { status: 200, bytes: 5, excerpt: 'was 0' },
        replayed: { status: 200, bytes: 2, excerpt: 'ok' },
      },
      {
        request: 2,
        recorded: { status: 200, bytes: 5, excerpt: 'was 1' },
        replayed: { status: 200, bytes: 2, excerpt: 'ok' },
      },
    ])
  })

  it('counts what is not answered, and goes on', async () => {
    const file = await folder.write([HEADER, ...Array.from({ length: 4 }, (_, index) => requestLine(index + 1, index))])
    peer.answering = ({ body }, response) => {
      if (body.toString() === 'request 1') response.destroy()
      else if (body.toString() === 'request 2') response.end('x'.repeat(100))
      else if (body.toString() === 'request 4') response.end('ok')
    }
    const report = await replayCallbacks(file, peer.url, { speed: Infinity, timeoutMs: 100, maxAnswerBytes: 50 })
    expect(report).toMatchObject({ requests: 4, answered: 1, failed: 3 })
    expect([...report.failures].sort((a, b) => a.request - b.request)).toEqual([
      { request: 1, message: expect.stringMatching(/hang up|ECONNRESET/) },
      { request: 2, message: 'the answer has more than 50 bytes' },
      { request: 3, message: 'no answer in 100 ms' },
    ])
    const { url } = peer
    await peer[Symbol.asyncDispose]()
    expect(await replayCallbacks(file, url, { speed: Infinity, maxDifferences: 0 })).toMatchObject({
      failed: 4,
      failures: [],
    })
  })

  it.each([0, 60_000])('ends at once when aborted with the next request due in %d ms', async (atMs) => {
    const file = await folder.write([HEADER, requestLine(1, 0), answerLine(1, 0.5), requestLine(2, atMs)])
    const controller = new AbortController()
    const reason = new Error('enough')
    peer.answering = () => controller.abort(reason)
    await expect(replayCallbacks(file, peer.url, { signal: controller.signal })).rejects.toBe(reason)
    await expect(replayCallbacks(file, peer.url, { signal: controller.signal })).rejects.toBe(reason)
    expect(peer.heard).toHaveLength(1)
  })

  it.each<[string, ReplayOptions]>([
    ['speed', { speed: 0 }],
    ['speed', { speed: Number.NaN }],
    ['maxConcurrent', { maxConcurrent: 0 }],
    ['timeoutMs', { timeoutMs: 0 }],
    ['maxAnswerBytes', { maxAnswerBytes: 0 }],
    ['maxDifferences', { maxDifferences: -1 }],
    ['headers', { headers: { a: 1 } as never }],
    ['signal', { signal: {} as never }],
    ['maxBytes', { maxBytes: -1 }],
  ])('refuses a wrong %s', async (option, wrong) => {
    await expect(replayCallbacks('some.ndjson', peer.url, wrong)).rejects.toMatchObject({ option })
    await expect(replayCallbacks('some.ndjson', 'ftp://a')).rejects.toThrow(OptionError)
  })
})
