import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from './fixture.ts'
import { runtimeViolations, withoutReason, type Manifest } from './rules.ts'

const manifests: Manifest[] = ['packages', 'apps'].flatMap((folder) =>
  readdirSync(join(root, folder)).map(
    (name) => JSON.parse(readFileSync(join(root, folder, name, 'package.json'), 'utf8')) as Manifest,
  ),
)

describe('the workspace', () => {
  it('lets a protocol package depend at run time on loop-utils alone, and testkit too', () => {
    expect(manifests.length).toBeGreaterThanOrEqual(9)
    expect(manifests.flatMap((manifest) => runtimeViolations(manifest))).toEqual([])
  })

  it('names a protocol package that depends on another', () => {
    const bad = { name: '@x/tuya-async', dependencies: { '@x/mqtt-gateway': 'workspace:^' } }
    expect(runtimeViolations(bad)).toEqual(['@x/tuya-async must not depend on @x/mqtt-gateway'])
  })

  it('names a fake that depends on what it tests', () => {
    const bad = { name: '@x/testkit', devDependencies: { '@x/xmlrpc-server': 'workspace:*' } }
    expect(runtimeViolations(bad)).toEqual(['@x/testkit must not depend on @x/xmlrpc-server'])
  })

  it('has one engine floor, one licence and only ESM', () => {
    for (const manifest of manifests) {
      expect(manifest, manifest.name).toMatchObject({
        type: 'module',
        license: 'MIT',
        engines: { node: '>=20.19.0' },
      })
    }
  })

  it('has no address in the lockfile', () => {
    expect(readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8')).not.toContain('://')
  })
})

describe('a switched-off lint rule', () => {
  it('states its reason everywhere in the sources', () => {
    const offenders: string[] = []
    for (const folder of ['packages', 'apps', 'tooling', 'examples']) {
      const entries = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      for (const entry of entries) {
        if (/(^|\/)(node_modules|dist|reports|guards)\//.test(entry) || !/\.(ts|js|mjs)$/.test(entry)) continue
        const text = readFileSync(join(root, folder, entry), 'utf8')
        offenders.push(...withoutReason(text).map((line) => `${folder}/${entry}: ${line}`))
      }
    }
    expect(offenders).toEqual([])
  })

  it('is found when it has none', () => {
    expect(withoutReason('// oxlint-disable-next-line max-lines\n')).toHaveLength(1)
    expect(withoutReason('// oxlint-disable-next-line max-lines -- a generated table\n')).toHaveLength(0)
  })
})
