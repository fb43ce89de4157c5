import { OptionError } from '@x/loop-utils/errors'
import { afterEach, describe, expect, it } from 'vitest'
import { LeakError } from '../../src/leaks/index.ts'
import { bothModes, createBothModes, MODE_CASES, type ModeCase, type TestRunner } from '../../src/modes/index.ts'

/** A runner that only notes what is declared, and runs it when told. */
class NotedRunner implements TestRunner {
  readonly tests: { suite: string; name: string; run: () => Promise<void>; timeoutMs: number | undefined }[] = []
  #suite = ''

  describe(name: string, suite: () => void): void {
    this.#suite = name
    suite()
  }

  it(name: string, run: () => Promise<void>, timeoutMs?: number): void {
    this.tests.push({ suite: this.#suite, name, run, timeoutMs })
  }

  async runAll(): Promise<readonly unknown[]> {
    const outcomes: unknown[] = []
    for (const { run } of this.tests) outcomes.push(await run().catch((error: unknown) => error))
    return outcomes
  }
}

function noted(): { runner: NotedRunner; bound: TestRunner } {
  const runner = new NotedRunner()
  return {
    runner,
    bound: {
      describe: (name, suite) => runner.describe(name, suite),
      it: (name, test, timeoutMs) => runner.it(name, test, timeoutMs),
    },
  }
}

const timers: NodeJS.Timeout[] = []
afterEach(() => timers.splice(0).forEach((timer) => clearTimeout(timer)))

const seen: (ModeCase & { readonly host: undefined })[] = []
bothModes('gives its body the mode', ({ mode, copy, label, host }) => {
  seen.push({ mode, copy, label, host })
})

describe('bothModes', () => {
  it('has run its body in three ways, in order', () => {
    expect(seen).toEqual([
      { mode: 'loop', copy: 'none', label: 'loop', host: undefined },
      { mode: 'loop', copy: 'clone-and-freeze', label: 'loop, cloned and frozen', host: undefined },
      { mode: 'thread', copy: 'none', label: 'thread', host: undefined },
    ])
  })

  it('declares one named test for each case, with the time limit', () => {
    const { runner, bound } = noted()
    const declare = createBothModes({ runner: bound })
    declare('connects', () => undefined, { timeoutMs: 1234, cases: [MODE_CASES[0], MODE_CASES[2]] })
    expect(runner.tests.map(({ suite, name, timeoutMs }) => [suite, name, timeoutMs])).toEqual([
      ['connects', 'loop', 1234],
      ['connects', 'thread', 1234],
    ])
  })

  it('makes a host for each run and disposes it after what the body deferred', async () => {
    const { runner, bound } = noted()
    const order: string[] = []
    const declare = createBothModes({
      runner: bound,
      createHost: ({ label }) => ({
        label,
        [Symbol.asyncDispose]: async () => void order.push(`host of ${label}`),
      }),
    })
    declare(
      'closes in order',
      ({ host, defer }) => {
        defer(() => order.push('first'))
        defer(() => order.push(`second in ${host.label}`))
      },
      { cases: [MODE_CASES[2]] },
    )
    expect(await runner.runAll()).toEqual([undefined])
    expect(order).toEqual(['second in thread', 'first', 'host of thread'])
  })

  it('fails a run that leaves something behind, unless told not to look', async () => {
    const { runner, bound } = noted()
    const declare = createBothModes({ runner: bound })
    const leaky = (): void => void timers.push(setTimeout(() => undefined, 60_000))
    declare('leaks', leaky, { cases: [MODE_CASES[0]], leaks: { graceMs: 10 } })
    declare('is not looked at', leaky, { cases: [MODE_CASES[0]], leaks: false })
    const [first, second] = await runner.runAll()
    expect(first).toBeInstanceOf(LeakError)
    expect(second).toBeUndefined()
  })

  it('cleans up after a body that fails, and reports the body', async () => {
    const { runner, bound } = noted()
    const failure = new Error('body')
    const cleaned: string[] = []
    createBothModes({ runner: bound })(
      'fails',
      ({ defer }) => {
        defer(() => cleaned.push('closed'))
        defer(() => {
          throw new Error('cleanup')
        })
        throw failure
      },
      { cases: [MODE_CASES[0]] },
    )
    expect(await runner.runAll()).toEqual([failure])
    expect(cleaned).toEqual(['closed'])
  })

  it('reports a cleanup that fails, after all of them ran', async () => {
    const { runner, bound } = noted()
    const failure = new Error('cleanup')
    const cleaned: string[] = []
    createBothModes({ runner: bound })(
      'fails late',
      ({ defer }) => {
        defer(() => cleaned.push('closed'))
        defer(() => Promise.reject(failure))
      },
      { cases: [MODE_CASES[0]] },
    )
    expect(await runner.runAll()).toEqual([failure])
    expect(cleaned).toEqual(['closed'])
  })

  it('refuses wrong options at once', () => {
    const { bound } = noted()
    const declare = createBothModes({ runner: bound })
    expect(() => declare('', () => undefined)).toThrow(OptionError)
    expect(() => declare('x', () => undefined, { timeoutMs: -1 })).toThrow(/timeoutMs/)
    expect(() => declare('x', () => undefined, { cases: [] })).toThrow(/cases/)
    expect(() => createBothModes({ runner: {} as TestRunner })).toThrow(/runner\.describe/)
  })
})
