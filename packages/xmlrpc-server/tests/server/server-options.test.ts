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
    ['maxDepth', 201],
    ['maxDepth', Infinity],
    ['maxBodyBytes', Infinity],
    ['maxNodes', Infinity],
    ['maxNodes', Number.NaN],
    ['maxMulticallCalls', 0],
    ['maxConnections', -1],
    ['maxWaitingCallbacks', 0],
    ['keepAliveTimeoutMs', -1],
    ['headersTimeoutMs', 'soon'],
    ['requestTimeoutMs', Number.NaN],
    ['keepAliveTimeoutMs', 0],
    ['keepAliveTimeoutMs', 2.5],
    ['headersTimeoutMs', 0],
    ['headersTimeoutMs', 0.5],
    ['headersTimeoutMs', 70_000],
    ['requestTimeoutMs', 0],
    ['requestTimeoutMs', 2 ** 31],
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

  it.each([
    [{ requestTimeoutMs: 10_000 }],
    [{ headersTimeoutMs: 70_000, requestTimeoutMs: 80_000 }],
    [{ headersTimeoutMs: 1, requestTimeoutMs: 1, keepAliveTimeoutMs: 1 }],
    [{ headersTimeoutMs: 3333 }],
  ])('that are taken let the server start: %o', async (options) => {
    await using server = new AsyncXmlRpcServer({ host: '127.0.0.1', ...options })
    await server.start()
    expect(server.started).toBe(true)
  })

  it.each([
    [{ maxdepth: 3 }, 'maxdepth', 'did you mean maxDepth'],
    [{ headerTimeoutMs: 3 }, 'headerTimeoutMs', 'did you mean headersTimeoutMs'],
    [{ bogus: 1 }, 'bogus', 'there is no option of that name'],
    [{ optionalSettings: ['async_rpc_server'] }, 'optionalSettings', 'there is no option of that name'],
    [{ toString: 1 }, 'toString', 'there is no option of that name'],
    [{ breaker: { failureTreshold: 1 } }, 'breaker.failureTreshold', 'did you mean failureThreshold'],
    [{ tls: { key: 'a', certificate: 'b' } }, 'tls.certificate', 'there is no option of that name'],
  ])('are refused when there are none of that name: %o', (options, option, hint) => {
    const make = (): unknown => new AsyncXmlRpcServer(options as XmlRpcServerOptions)
    expect(make).toThrow(expect.objectContaining({ code: 'LOOP_OPTION', option }))
    expect(make).toThrow(hint)
  })

  it.each([[5], ['port=1'], [null]])('are an object, not %o', (options) => {
    const make = (): unknown => new AsyncXmlRpcServer(options as unknown as XmlRpcServerOptions)
    expect(make).toThrow(expect.objectContaining({ code: 'LOOP_OPTION', option: 'options' }))
  })

  it('have defaults for all, undefined ones too', () => {
    const server = new AsyncXmlRpcServer({ host: undefined, port: undefined } as unknown as XmlRpcServerOptions)
    expect(server).toMatchObject({ listenIpAddr: '0.0.0.0', listenPort: 0, started: false, noCentralAssigned: true })
  })
})
