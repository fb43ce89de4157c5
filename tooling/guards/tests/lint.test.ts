import { describe, expect, it } from 'vitest'
import { FixtureTree } from './fixture.ts'

function lint(files: Readonly<Record<string, string>>): { code: number; output: string } {
  using tree = new FixtureTree(files)
  return tree.run('oxlint', '--deny-warnings', '.')
}

describe('the lint configuration', () => {
  it('admits an ordinary module', () => {
    const { code, output } = lint({ 'packages/p/src/codec/ok.ts': 'export const one = (): number => 1\n' })
    expect(output).toContain('Found 0 warnings and 0 errors')
    expect(code).toBe(0)
  })

  it('refuses an import cycle', () => {
    const { code, output } = lint({
      'packages/p/src/a.ts': "import { b } from './b.ts'\n\nexport const a = (): number => b() + 1\n",
      'packages/p/src/b.ts': "import { a } from './a.ts'\n\nexport const b = (): number => a() + 1\n",
    })
    expect(output).toContain('no-cycle')
    expect(code).not.toBe(0)
  })

  it.each(['codec', 'wire', 'session', 'fsm'])('refuses sockets in a pure ring: %s', (ring) => {
    const { code, output } = lint({
      [`packages/p/src/${ring}/deep/bad.ts`]:
        "import { connect } from 'node:net'\n\nexport const dial = (): unknown => connect(1)\n",
    })
    expect(output).toContain('no-restricted-imports')
    expect(code).not.toBe(0)
  })

  it.each(['setTimeout(() => 1, 1)', 'Date.now()', 'performance.now()', 'setInterval(() => 1, 1)'])(
    'refuses timers and clocks in a pure ring: %s',
    (expression) => {
      const { code, output } = lint({
        'packages/p/src/codec/bad.ts': `export const bad = (): unknown => ${expression}\n`,
      })
      expect(output).toContain('no-restricted-globals')
      expect(code).not.toBe(0)
    },
  )

  it('refuses a file of more than 400 lines of code', () => {
    const lines = Array.from({ length: 401 }, (_, index) => `export const line${index} = ${index}`)
    const { code, output } = lint({ 'packages/p/src/long.ts': `${lines.join('\n')}\n` })
    expect(output).toContain('max-lines')
    expect(code).not.toBe(0)
  })

  it('refuses a focused test', () => {
    const { code, output } = lint({
      'packages/p/tests/a.test.ts':
        "import { expect, it } from 'vitest'\n\nit.only('adds', () => {\n  expect(1).toBe(1)\n})\n",
    })
    expect(output).toContain('no-focused-tests')
    expect(code).not.toBe(0)
  })
})
