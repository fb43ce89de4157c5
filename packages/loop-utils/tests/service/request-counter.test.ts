import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/clock/index.ts'
import { RequestCounter, ServiceCore, sumRequestStats, type RequestStats } from '../../src/service/index.ts'
import { rejection } from '../settled.ts'

describe('RequestCounter', () => {
  it('tells how many requests ended, how, and when the last did', async () => {
    const clock = new ManualClock({ wallMs: 1000 })
    const requests = new RequestCounter({ clock })
    expect(requests.stats()).toStrictEqual({
      requests: 0,
      errors: 0,
      errorRate: 0,
      lastAt: undefined,
      lastErrorAt: undefined,
    })
    requests.succeeded()
    await clock.advance(10)
    requests.failed()
    await clock.advance(10)
    requests.succeeded()
    requests.succeeded()
    expect(requests.stats()).toEqual({ requests: 4, errors: 1, errorRate: 0.25, lastAt: 1020, lastErrorAt: 1010 })
  })

  it('counts a function when it has ended, and hands its outcome on', async () => {
    const clock = new ManualClock({ wallMs: 1000 })
    const requests = new RequestCounter({ clock })
    const running = requests.run(async () => {
      await clock.sleep(5)
      return 'answer'
    })
    expect(requests.stats().requests).toBe(0)
    await clock.advance(5)
    expect(await running).toBe('answer')
    expect(requests.stats()).toMatchObject({ requests: 1, errors: 0, lastAt: 1005 })
    const failure = new Error('no answer')
    const failing = requests.run(() => {
      throw failure
    })
    expect(await rejection(failing)).toBe(failure)
    expect(requests.stats()).toMatchObject({ requests: 2, errors: 1 })
    await expect(requests.run(1 as never)).rejects.toThrow('option fn')
    expect(() => new RequestCounter({ clock: {} as never })).toThrow('option clock')
  })
})

describe('sumRequestStats', () => {
  it('adds up several, with the latest times', () => {
    const none = sumRequestStats([])
    expect(none).toStrictEqual(new RequestCounter().stats())
    const first = { requests: 3, errors: 1, errorRate: 1 / 3, lastAt: 50, lastErrorAt: 20 }
    const second = { requests: 1, errors: 0, errorRate: 0, lastAt: 60, lastErrorAt: undefined }
    expect(sumRequestStats([first, none, second])).toEqual({
      requests: 4,
      errors: 1,
      errorRate: 0.25,
      lastAt: 60,
      lastErrorAt: 20,
    })
  })
})

describe('a service that serves requests', () => {
  it('shows them in its health', () => {
    class Server extends ServiceCore {
      readonly requests: RequestCounter = new RequestCounter({ clock: new ManualClock({ wallMs: 7 }) })
      protected override onStart(): void {}
      protected override onStop(): void {}
      protected override requestStats(): RequestStats {
        return this.requests.stats()
      }
    }
    const server = new Server()
    server.requests.failed()
    expect(server.health().requests).toEqual({ requests: 1, errors: 1, errorRate: 1, lastAt: 7, lastErrorAt: 7 })
  })
})
