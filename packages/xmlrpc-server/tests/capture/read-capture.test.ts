import { writeFile } from 'node:fs/promises'
import { OptionError } from '@x/loop-utils/errors'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bodyBytes, bodyText } from '../../src/capture/capture-format.ts'
import { CaptureFileError, readCapture } from '../../src/capture/index.ts'
import { answerLine, CaptureFolder, HEADER, requestLine } from './capture-folder.ts'

let folder: CaptureFolder
beforeEach(async () => {
  folder = await CaptureFolder.make()
})
afterEach(() => folder[Symbol.asyncDispose]())

async function errorOf(file: string, options = {}): Promise<CaptureFileError> {
  const error: unknown = await readCapture(file, options).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(CaptureFileError)
  return error as CaptureFileError
}

describe('a body as text', () => {
  it('keeps every byte', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 300 }),
          fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          const line = JSON.parse(JSON.stringify(bodyText(bytes))) as ReturnType<typeof bodyText>
          expect(bodyBytes(line).equals(bytes)).toBe(true)
        },
      ),
    )
  })

  it('is as readable as it can be', () => {
    expect(bodyText(Buffer.from('\u{FEFF}Küche 中'))).toEqual({ encoding: 'utf8', body: '\u{FEFF}Küche 中' })
    expect(bodyText(Buffer.from('Küche', 'latin1'))).toEqual({ encoding: 'latin1', body: 'Küche' })
  })
})

describe('a capture file', () => {
  it('gives its requests in their order, each with its answer', async () => {
    const file = await folder.write([
      HEADER,
      requestLine(1, 0),
      requestLine(2, 0.5),
      answerLine(2, 1.25, 'second'),
      answerLine(1, 2, 'first'),
      requestLine(3, 7),
      { end: true, atMs: 9, dropped: 4 },
    ])
    const { requests, ...rest } = await readCapture(file)
    expect(rest).toEqual({ startedAt: HEADER.startedAt, isComplete: true, dropped: 4 })
    expect(requests.map(({ number, atMs, path, headers }) => [number, atMs, path, headers])).toEqual([
      [1, 0, '/RPC2', { 'content-type': 'text/xml' }],
      [2, 0.5, '/RPC2', { 'content-type': 'text/xml' }],
      [3, 7, '/RPC2', { 'content-type': 'text/xml' }],
    ])
    expect(requests.map(({ body }) => String(body))).toEqual(['request 1', 'request 2', 'request 3'])
    expect(requests.map(({ answer }) => answer && [answer.atMs, answer.status, String(answer.body)])).toEqual([
      [2, 200, 'first'],
      [1.25, 200, 'second'],
      undefined,
    ])
  })

  it('is not complete without its last line, and usable', async () => {
    const file = await folder.write([HEADER, requestLine(1, 0)])
    expect(await readCapture(file)).toMatchObject({ isComplete: false, dropped: 0, requests: [{ number: 1 }] })
  })

  it('that was cut off says where, and gives what is whole when asked for', async () => {
    const whole = [HEADER, requestLine(1, 0), answerLine(1, 1)].map((line) => `${JSON.stringify(line)}\n`).join('')
    const next = JSON.stringify(requestLine(2, 5))
    for (const rest of [next.slice(0, 1), next.slice(0, -5), next]) {
      const file = await folder.write(`${whole}${rest}`)
      const error = await errorOf(file)
      expect(error).toMatchObject({ code: 'XMLRPC_CAPTURE', reason: 'truncated', line: 4, file })
      expect(error.message).toContain('line 4')
      expect(error.message).toContain('partial: true')
      expect(await readCapture(file, { partial: true })).toMatchObject({ isComplete: false, requests: [{ number: 1 }] })
    }
  })

  it.each([
    ['nothing', ''],
    ['half a first line', '{"format":"xmlrpc-'],
    ['text', 'hello\nworld\n'],
    ['another JSON', '{"format":"har","version":1}\n'],
    ['a list', '[]\n'],
    ['bytes', '\u{0}\u{1}\u{2}\n'],
  ])('is none when it holds %s', async (_what, content) => {
    const file = await folder.write(content)
    expect(await errorOf(file, { partial: true })).toMatchObject({ reason: 'foreign', line: 1 })
  })

  it('of another version is not guessed at', async () => {
    const error = await errorOf(await folder.write([{ ...HEADER, version: 2 }]))
    expect(error).toMatchObject({ reason: 'version', line: 1 })
    expect(error.message).toContain('version 2')
  })

  it.each<[string, unknown]>([
    ['no JSON object', 5],
    ['a line of no kind', {}],
    ['a request twice', requestLine(1, 0)],
    ['an answer to nothing', answerLine(7, 0)],
    ['a request without a number', requestLine(0.5, 0)],
    ['a time before the beginning', requestLine(2, -1)],
    ['a time that is none', { ...requestLine(2, 0), atMs: '1' }],
    ['a path that is none', { ...requestLine(2, 0), path: 'http://elsewhere/' }],
    ['no body', { ...requestLine(2, 0), body: undefined }],
    ['a body that is no text', { ...requestLine(2, 0), body: 'a\ud800' }],
    ['a body beyond its encoding', { ...requestLine(2, 0), encoding: 'latin1', body: '€' }],
    ['an unknown encoding', { ...requestLine(2, 0), encoding: 'utf-16' }],
    ['no headers', { ...requestLine(2, 0), headers: [] }],
    ['headers of another type', { ...requestLine(2, 0), headers: { a: 1 } }],
    ['an answer without a status', { ...answerLine(1, 0), status: '200' }],
    ['an end that does not count', { end: true, atMs: 1 }],
  ])('with %s says in which line', async (_what, line) => {
    const file = await folder.write([HEADER, requestLine(1, 0), line, requestLine(9, 9)])
    expect(await errorOf(file, { partial: true })).toMatchObject({ reason: 'malformed', line: 3 })
  })

  it('with bytes that are no text says in which line', async () => {
    const file = folder.next()
    const lines = [HEADER, { ...requestLine(1, 0), body: 'ü' }].map((line) => `${JSON.stringify(line)}\n`).join('')
    await writeFile(file, Buffer.from(lines, 'latin1'))
    expect(await errorOf(file)).toMatchObject({ reason: 'malformed', line: 2 })
  })

  it('has nothing behind its end', async () => {
    const file = await folder.write([HEADER, { end: true, atMs: 1, dropped: 0 }, requestLine(1, 0)])
    expect(await errorOf(file)).toMatchObject({ reason: 'malformed', line: 3 })
  })

  it('has to be there, to be a file, and to be no larger than wanted', async () => {
    expect(await errorOf(folder.next())).toMatchObject({ reason: 'unreadable', line: 0, cause: { code: 'ENOENT' } })
    expect(await errorOf('/')).toMatchObject({ reason: 'unreadable' })
    const file = await folder.write([HEADER])
    expect(await errorOf(file, { maxBytes: 10 })).toMatchObject({ reason: 'too-large' })
    await expect(readCapture('')).rejects.toThrow(OptionError)
    await expect(readCapture(file, { maxBytes: 0 })).rejects.toThrow(OptionError)
    await expect(readCapture(file, { partial: 1 as never })).rejects.toThrow(OptionError)
  })
})
