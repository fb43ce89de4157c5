import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CaptureWriter } from '../../src/capture/capture-writer.ts'
import { readCapture } from '../../src/capture/index.ts'
import { CaptureFolder, requestLine } from './capture-folder.ts'

const run = promisify(execFile)
const script = fileURLToPath(new URL('full-disk.mjs', import.meta.url))
const LIMIT_KIB = 8

let folder: CaptureFolder
beforeEach(async () => {
  folder = await CaptureFolder.make()
})
afterEach(() => folder[Symbol.asyncDispose]())

describe('a capture file', () => {
  it('that cannot be written any more does not keep callbacks from their server', async () => {
    const file = folder.next()
    const node = [process.execPath, ...process.execArgv, '--conditions=@x/source', script, file]
    // the system refuses to let files of that process grow beyond the limit
    const { stdout } = await run('bash', ['-c', `ulimit -f ${LIMIT_KIB}; exec "$@"`, 'bash', ...node])
    const { statuses, told, status, reason, counters, state } = JSON.parse(stdout) as Record<string, unknown>
    expect(statuses).toEqual(Array.from({ length: 20 }, () => 200))
    expect([told, status, reason, state]).toEqual([
      ['XMLRPC_CAPTURE'],
      'degraded',
      expect.stringContaining('EFBIG'),
      'stopped',
    ])
    expect(counters).toMatchObject({ requests: 20, failed: 0 })
    expect((counters as { dropped: number }).dropped).toBeGreaterThan(5)
    expect((await stat(file)).size).toBeLessThanOrEqual(LIMIT_KIB * 1024)
    const { requests, isComplete } = await readCapture(file, { partial: true })
    expect([requests.length > 2, isComplete]).toEqual([true, false])
  })

  it('lets lines go rather than grow without end in memory when the disk is slow', async () => {
    const file = folder.next()
    const writer = await CaptureWriter.open({ file, maxFileBytes: 2 ** 31 - 1, onEnd: () => undefined })
    const body = 'x'.repeat(6 * 1024 * 1024)
    // no turn of the loop in between: nothing is on the disk yet
    const taken = [1, 2, 3, 4, 5].map((number) => writer.write(requestLine(number, number, body) as never))
    expect(taken).toEqual([true, true, true, false, false])
    await writer.close({ end: true, atMs: 9, dropped: 2 })
    expect(writer.write(requestLine(6, 6) as never)).toBe(false)
    const { requests, dropped } = await readCapture(file)
    expect([requests.length, dropped]).toEqual([3, 2])
  })
})
