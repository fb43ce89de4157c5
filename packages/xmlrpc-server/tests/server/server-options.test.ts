import { describe, expect, it } from 'vitest'
import { AsyncXmlRpcServer } from '../../src/server/async-xml-rpc-server.ts'
import type { XmlRpcServerOptions } from '../../src/server/server-options.ts'

describe('the options of the server', () => {
  const wrong: readonly (readonly [string, unknown])[] = [
    ['host', ''],
    ['host', 7],
    ['port', -1],
    ['port', 65_536],
    ['port', '80'],
    ['mode', 'fork'],
    ['maxBodyBytes', 0],
    ['maxDepth', 1.5],
    ['maxNodes', Number.NaN],
    ['maxMulticallCalls', 0],
    ['maxConnections', -1],
    ['maxWaitingCallbacks', 0],
    ['keepAliveTimeoutMs', -1],
    ['headersTimeoutMs', 'soon'],
    ['requestTimeoutMs', Number.NaN],
    ['handlerTimeoutMs', -5],
    ['dialect', 'java'],
    ['parseErrorAs', 'http-500'],
    ['exposeErrors', 'yes'],
    ['onError', 'console'],
    ['threadEntry', './thread.js'],
  ]

  it.each(wrong)('are refused with their name, value and range: %s = %s', (option, value) => {
    const make = (): unknown => new AsyncXmlRpcServer({ [option]: value })
    expect(make).toThrow(expect.objectContaining({ code: 'LOOP_OPTION', option }))
    expect(make).toThrow(/^option \w+ is .+; give .+/)
  })

  it('have defaults for all, undefined ones too', () => {
    const server = new AsyncXmlRpcServer({ host: undefined, port: undefined } as unknown as XmlRpcServerOptions)
    expect(server).toMatchObject({ listenIpAddr: '0.0.0.0', listenPort: 0, started: false, noCentralAssigned: true })
  })
})
