import { once } from 'node:events'
import net from 'node:net'
import { describe, expect, it } from 'vitest'
import { CircuitBreaker, consecutive } from '../../src/breaker/index.ts'
import { RemoteError, TimeoutError } from '../../src/errors/index.ts'
import { isTransientNetworkError } from '../../src/retry/index.ts'

function withCode(code: string): Error {
  return Object.assign(new Error('x'), { code })
}

describe('isTransientNetworkError', () => {
  it.each([
    'ECONNREFUSED',
    'ECONNRESET',
    'EPIPE',
    'ETIMEDOUT',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'EAI_AGAIN',
    'UND_ERR_SOCKET',
  ])('knows %s', (code) => {
    expect(isTransientNetworkError(withCode(code))).toBe(true)
  })

  it('passes over errors whose fields cannot be read', () => {
    const hostile = new Error('x')
    Object.defineProperty(hostile, 'code', {
      get: () => {
        throw new Error('not yours')
      },
    })
    expect(isTransientNetworkError(hostile)).toBe(false)
    expect(isTransientNetworkError(new AggregateError([hostile, withCode('EPIPE')]))).toBe(true)
  })

  it('is not misled by what tripped a breaker', async () => {
    const breaker = new CircuitBreaker({ trip: consecutive(1) })
    const refused = (): Promise<never> => Promise.reject(withCode('ECONNREFUSED'))
    await breaker.execute(refused).catch(() => undefined)
    const open: unknown = await breaker.execute(refused).catch((error: unknown) => error)
    expect(open).toMatchObject({ code: 'LOOP_CIRCUIT_OPEN', cause: { code: 'ECONNREFUSED' } })
    expect(isTransientNetworkError(open)).toBe(false)
    expect(isTransientNetworkError(new Error('wrapped', { cause: open }))).toBe(false)
  })

  it('looks at causes and aggregated errors, not at messages', () => {
    const refused = withCode('ECONNREFUSED')
    expect(isTransientNetworkError(new TypeError('fetch failed', { cause: refused }))).toBe(true)
    expect(isTransientNetworkError(new AggregateError([new Error('a'), refused]))).toBe(true)
    expect(isTransientNetworkError(new TimeoutError(1, 'attempt'))).toBe(true)
    expect(isTransientNetworkError(new RemoteError({ name: 'E', message: 'm', code: 'EPIPE' }))).toBe(true)
    expect(isTransientNetworkError(new TypeError('fetch failed'))).toBe(false)
    expect(isTransientNetworkError(new Error('ECONNREFUSED'))).toBe(false)
  })

  it.each([
    undefined,
    null,
    'ECONNRESET',
    1,
    new DOMException('x', 'AbortError'),
    withCode('EACCES'),
    withCode('ENOENT'),
  ])('does not take %s for one', (error) => {
    expect(isTransientNetworkError(error)).toBe(false)
  })

  it('ends on errors that contain themselves, and on chains without end', () => {
    const circular = new AggregateError([])
    circular.errors.push(circular, circular)
    circular.cause = circular
    expect(isTransientNetworkError(circular)).toBe(false)
    let chain: Error = withCode('ECONNRESET')
    for (let level = 0; level < 50_000; level++) chain = new Error('x', { cause: chain })
    expect(isTransientNetworkError(chain)).toBe(false)
  })

  it('knows what a real socket and a real fetch reject with', async () => {
    const server = net.createServer((socket) => socket.resetAndDestroy()).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as net.AddressInfo
    const reset = await fetch(`http://127.0.0.1:${port}/`).catch((error: unknown) => error)
    expect(isTransientNetworkError(reset)).toBe(true)
    server.close()
    await once(server, 'close')
    const refused = await once(net.connect(port, '127.0.0.1'), 'connect').catch((error: unknown) => error)
    expect(isTransientNetworkError(refused)).toBe(true)
    const failed = await fetch(`http://127.0.0.1:${port}/`).catch((error: unknown) => error)
    expect(isTransientNetworkError(failed)).toBe(true)
  })
})
