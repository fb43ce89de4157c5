import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Consumer, publishable, Tarballs } from './packing.ts'

let tarballs: Tarballs
beforeAll(async () => {
  tarballs = await Tarballs.pack()
}, 120_000)
afterAll(() => tarballs[Symbol.dispose]())

describe('each packed tarball, alone in an empty folder', () => {
  it('packs every published package', () => {
    expect([...publishable.keys()].sort()).toEqual([
      '@x/bgp-reactor',
      '@x/controller-core',
      '@x/fake-device',
      '@x/loop-utils',
      '@x/mqtt-gateway',
      '@x/testkit',
      '@x/tuya-async',
      '@x/xmlrpc-server',
    ])
  })

  it.each([...publishable.keys()])(
    'installs and imports: %s',
    async (name) => {
      using consumer = await Consumer.install(tarballs, name)
      const entries = JSON.parse(await consumer.run('import-all.mjs', name)) as Record<
        string,
        { imported: number; same: boolean }
      >
      for (const [path, { same }] of Object.entries(entries)) expect(same, `${name}${path.slice(1)}`).toBe(true)
    },
    120_000,
  )
})
