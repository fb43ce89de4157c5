import { describe, expect, it } from 'vitest'
import { XmlRpcClient } from '../../src/client/index.ts'
import { clientWire, type CcuWire } from '../../src/registration/ccu-wire.ts'
import { RawServer, result, send } from '../client/raw-server.ts'

const NEVER = new AbortController().signal

/** The parameters of each `init` that a CCU got; `answers` says how it answers one after the other. */
async function withCcu(
  answers: readonly ('yes' | 'reset' | 'fault')[],
  run: (wire: CcuWire, inits: () => string[][], callAt: (url: string) => void) => Promise<void>,
): Promise<void> {
  const left = [...answers]
  await using server = await RawServer.listen((response) => {
    const answer = left.shift()
    if (answer === 'reset') response.destroy()
    else if (answer === 'fault') send(response, fault)
    else send(response, result(''))
  })
  await using client = new XmlRpcClient({ url: server.url })
  let callbackUrl = 'http://hub:1'
  const wire = clientWire(client, {
    interfaceId: 'rf',
    callbackUrl: () => callbackUrl,
    initTimeoutMs: 5000,
    pongTimeoutMs: 5000,
  })
  const inits = (): string[][] =>
    server.requests.map(({ body }) =>
      Array.from(body.matchAll(/<value>(?:<string>)?([^<]*)(?:<\/string>)?<\/value>/g), ([, text = '']) => text),
    )
  await run(wire, inits, (url) => {
    callbackUrl = url
  })
}

const member = (name: string, value: string): string => `<member><name>${name}</name><value>${value}</value></member>`
const fault = `<?xml version="1.0"?><methodResponse><fault><value><struct>${member('faultCode', '<i4>-1</i4>')}${member('faultString', 'no')}</struct></value></fault></methodResponse>`

describe('the calls of a registration', () => {
  it('take back the address that was registered, also when it is another one by now', async () => {
    await withCcu([], async (wire, inits, callAt) => {
      await wire.init(NEVER)
      callAt('http://hub:2')
      await wire.deregister(NEVER)
      expect(inits()).toEqual([
        ['http://hub:1', 'rf'],
        ['http://hub:1', ''],
      ])
    })
  })

  it('take back every address that the CCU may still know', async () => {
    await withCcu(['yes', 'reset', 'yes', 'yes'], async (wire, inits, callAt) => {
      await wire.init(NEVER)
      await expect(wire.deregister(NEVER)).rejects.toMatchObject({ code: 'XMLRPC_TRANSPORT' })
      callAt('http://hub:2')
      await wire.init(NEVER)
      await wire.deregister(NEVER)
      await wire.deregister(NEVER)
      expect(inits()).toEqual([
        ['http://hub:1', 'rf'],
        ['http://hub:1', ''],
        ['http://hub:2', 'rf'],
        ['http://hub:1', ''],
        ['http://hub:2', ''],
      ])
    })
  })

  it('take the other addresses back when the CCU refuses to forget one', async () => {
    await withCcu(['yes', 'yes', 'fault', 'yes', 'yes'], async (wire, inits, callAt) => {
      await wire.init(NEVER)
      callAt('http://hub:2')
      await wire.init(NEVER)
      await expect(wire.deregister(NEVER)).rejects.toMatchObject({ code: 'XMLRPC_FAULT' })
      await wire.deregister(NEVER)
      expect(inits().slice(2)).toEqual([
        ['http://hub:1', ''],
        ['http://hub:2', ''],
        ['http://hub:1', ''],
      ])
    })
  })

  it('do not take back what the CCU has refused', async () => {
    await withCcu(['fault', 'yes', 'yes'], async (wire, inits, callAt) => {
      await expect(wire.init(NEVER)).rejects.toMatchObject({ code: 'XMLRPC_FAULT' })
      callAt('http://hub:2')
      await wire.init(NEVER)
      await wire.deregister(NEVER)
      expect(inits().slice(1)).toEqual([
        ['http://hub:2', 'rf'],
        ['http://hub:2', ''],
      ])
    })
  })
})
