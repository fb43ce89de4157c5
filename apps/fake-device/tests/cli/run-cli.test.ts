import { once } from 'node:events'
import { connect } from 'node:net'
import { PassThrough } from 'node:stream'
import { leakHooks } from '@x/testkit/leaks'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CliIo } from '../../src/cli/cli-io.ts'
import { runCli } from '../../src/cli/run-cli.ts'
import type { ReadyLine } from '../../src/cli/start-command.ts'

const leaks = leakHooks()
beforeEach(leaks.before)
afterEach(leaks.after)

/** A process's streams and signals, in the hand of a test. */
class TestIo implements CliIo {
  out = ''
  err = ''
  readonly exits: number[] = []
  readonly stdin = new PassThrough()
  readonly #listeners = new Set<(signal: NodeJS.Signals) => void>()
  #onOut: () => void = () => undefined

  readonly stdout = (text: string): void => {
    this.out += text
    this.#onOut()
  }

  readonly stderr = (text: string): void => void (this.err += text)
  readonly exitNow = (code: number): void => void this.exits.push(code)

  readonly onSignal = (listener: (signal: NodeJS.Signals) => void): Disposable => {
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
  }

  signal(name: NodeJS.Signals): void {
    for (const listener of this.#listeners) listener(name)
  }

  get listeners(): number {
    return this.#listeners.size
  }

  /** Resolves once there is a whole line on stdout. */
  async ready(): Promise<string> {
    while (!this.out.includes('\n')) await new Promise<void>((resolve) => (this.#onOut = resolve))
    return this.out
  }
}

describe('fake-device start', () => {
  it('writes one JSON line when ready, and ends with 0 at a signal', async () => {
    const io = new TestIo()
    const running = runCli(['start', '--json'], io)
    const line = JSON.parse(await io.ready()) as ReadyLine
    expect(line).toEqual({
      event: 'ready',
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      ccu: { url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) },
    })
    expect((await fetch(`${line.url}/healthz`)).status).toBe(200)
    io.signal('SIGTERM')
    expect(await running).toBe(0)
    expect(io.err).toBe('SIGTERM; stopping\n')
    expect(io.listeners).toBe(0)
    await expect(fetch(`${line.url}/healthz`)).rejects.toThrow()
  })

  it('writes for people without --json, and no messages with --quiet', async () => {
    const io = new TestIo()
    const running = runCli(['start', '--quiet', '--port', '0', '--ccu-port', '0'], io)
    expect(await io.ready()).toMatch(/^fake devices are ready: page http:\S+ {2}CCU http:\S+\n$/)
    io.signal('SIGINT')
    expect(await running).toBe(0)
    expect(io.err).toBe('')
  })

  it('exits at once at the second signal', async () => {
    const io = new TestIo()
    const running = runCli(['start', '--quiet'], io)
    const url = new URL(/CCU (\S+)/.exec(await io.ready())?.[1] ?? '')
    // a connection that is open while it stops
    const socket = connect(Number(url.port), '127.0.0.1')
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    io.signal('SIGINT')
    io.signal('SIGINT')
    expect(io.exits).toEqual([130])
    expect(await running).toBe(0)
    socket.destroy()
  })

  it('ends with standard input when asked to, and only then', async () => {
    const io = new TestIo()
    const running = runCli(['start', '--exit-with-stdin'], io)
    await io.ready()
    io.stdin.end()
    expect(await running).toBe(0)
    expect(io.err).toContain('standard input has ended')
    const other = new TestIo()
    const goesOn = runCli(['start'], other)
    await other.ready()
    other.stdin.end()
    other.signal('SIGTERM')
    await goesOn
    expect(other.err).toBe('SIGTERM; stopping\n')
  })

  it('ends in order when the signal comes before it is ready', async () => {
    const io = new TestIo()
    const running = runCli(['start', '--json'], io)
    io.signal('SIGTERM')
    expect(await running).toBe(0)
    expect(io.exits).toEqual([])
  })

  it('lets the fake CCU have habits of its own', async () => {
    const io = new TestIo()
    const quirks = ['encoding=utf-8', 'i4=true', 'emptyInterfaceId=true'].flatMap((quirk) => ['--quirk', quirk])
    const running = runCli(['start', '--json', '--profile', 'rfd', ...quirks, '--quirk', 'i4=false'], io)
    const { url } = JSON.parse(await io.ready()) as ReadyLine
    const shown: unknown = await (await fetch(`${url}/api/ccu`)).json()
    expect(shown).toMatchObject({
      profile: 'rfd',
      quirks: { encoding: 'utf-8', emptyInterfaceId: true, i4: false, untypedStrings: true },
    })
    io.signal('SIGTERM')
    expect(await running).toBe(0)
  })

  it('warns when others can reach it', async () => {
    const io = new TestIo()
    const running = runCli(['start', '--host', '0.0.0.0', '--allow-host', 'a.example', '--allow-host', 'b.example'], io)
    await io.ready()
    io.signal('SIGTERM')
    await running
    expect(io.err).toContain('warning: listening on 0.0.0.0')
  })

  it('fails with 1 when a port is taken, and says what to do', async () => {
    const io = new TestIo()
    const running = runCli(['start', '--json'], io)
    const { url } = JSON.parse(await io.ready()) as ReadyLine
    const second = new TestIo()
    expect(await runCli(['start', '--port', new URL(url).port], second)).toBe(1)
    expect(second.err).toMatch(/^error: cannot listen on .*; give a free port, or 0 for any \(FAKE_LISTEN\)\n$/)
    expect(second.out).toBe('')
    io.signal('SIGTERM')
    await running
  })
})

describe('the command line', () => {
  it.each([
    [['--help'], 'Examples:'],
    [['start', '--help'], '--exit-with-stdin'],
    [['--version'], '0.0.0'],
  ])('answers %j on stdout with 0', async (args, text) => {
    const io = new TestIo()
    expect(await runCli(args, io)).toBe(0)
    expect(io.out).toContain(text)
    expect(io.err).toBe('')
  })

  it.each([
    [[], 'Usage:'],
    [['stop'], 'unknown command'],
    [['start', '--colour'], 'unknown option'],
    [['start', 'now'], 'too many arguments'],
    [['start', '--port', '65536'], 'from 0 to 65535'],
    [['start', '--port', '0x50'], 'from 0 to 65535'],
    [['start', '--fleet', 'zoo'], 'household, catalogue'],
    [['start', '--profile', 'ccu9'], 'virtual-devices'],
    [['start', '--seed', '-1'], 'whole number'],
    [['start', '--quirk', 'encoding'], 'a name and a value'],
    [['start', '--quirk', 'encoding=utf-16'], 'option quirks.encoding'],
    [['start', '--quirk', 'i4=yes'], 'option quirks.i4'],
    [['start', '--host', ''], 'option host'],
  ])('called as %j it ends with 2 and tells what is wrong', async (args, text) => {
    const io = new TestIo()
    expect(await runCli(args, io)).toBe(2)
    expect(io.err).toContain(text)
    expect(io.out).toBe('')
  })
})
