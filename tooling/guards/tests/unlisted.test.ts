import { expect, it } from 'vitest'
import { FixtureTree } from './fixture.ts'

const manifest = (extra: object): string =>
  JSON.stringify({ name: 'p', version: '1.0.0', type: 'module', exports: './src/index.js', ...extra })

function knip(extra: object): { code: number; output: string } {
  using tree = new FixtureTree({
    'package.json': manifest(extra),
    'src/index.js': "import { parse } from 'some-parser'\n\nexport const read = (text) => parse(text)\n",
  })
  return tree.run('knip', '--no-progress', '--include', 'unlisted,unresolved,dependencies')
}

it('refuses an import that the manifest does not list', () => {
  const { code, output } = knip({})
  expect(output).toContain('some-parser')
  expect(code).toBe(1)
})

it('refuses a listed dependency that nothing imports', () => {
  const { code, output } = knip({ dependencies: { 'some-parser': '^1.0.0', 'left-over': '^1.0.0' } })
  expect(output).toContain('left-over')
  expect(code).toBe(1)
})
