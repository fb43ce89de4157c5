import { describe, expect, it } from 'vitest'
import { ServiceStateError } from '../../src/errors/index.ts'
import { CountedSignal } from '../counted-signal.ts'
import { rejection, settled } from '../settled.ts'
import { Beacon } from './beacon.ts'

describe('readiness', () => {
  it('comes with the start by default', async () => {
    const beacon = new Beacon()
    expect(await rejection(beacon.ready())).toMatchObject({ operation: 'become ready', state: 'idle' })
    void beacon.start()
    await beacon.ready()
    expect([beacon.state, beacon.health().isReady]).toEqual(['running', true])
    await beacon.ready()
    await beacon.stop()
    expect(await rejection(beacon.ready())).toBeInstanceOf(ServiceStateError)
  })

  it('comes and goes when the subclass says so', async () => {
    const beacon = new Beacon({ readiness: 'manual' })
    await beacon.start()
    let isReady = false
    const waiting = beacon.ready().then(() => (isReady = true))
    await beacon.clock.settle()
    expect([isReady, beacon.health().status]).toEqual([false, 'degraded'])
    beacon.sayReady(true)
    await waiting
    await beacon.ready()
    beacon.sayReady(false, new Error('link lost'))
    expect(beacon.health()).toMatchObject({ status: 'degraded', reason: 'link lost', isReady: false })
    const again = beacon.ready()
    beacon.sayReady(true)
    await again
    await beacon.stop()
    beacon.sayReady(true)
    expect(beacon.health().isReady).toBe(false)
  })

  it('said while starting counts when the service runs', async () => {
    const beacon = new Beacon({ readiness: 'manual' })
    beacon.starting = () => beacon.sayReady(true)
    const starting = beacon.start()
    const waiting = settled(beacon.ready())
    await starting
    expect((await waiting).status).toBe('fulfilled')
    expect((await settled(beacon.ready())).status).toBe('fulfilled')
  })

  it('is given up by a signal, leaving no listener', async () => {
    const beacon = new Beacon({ readiness: 'manual' })
    await beacon.start()
    const counted = new CountedSignal()
    const waiting = settled(beacon.ready({ signal: counted.signal }))
    counted.controller.abort('enough')
    expect(await waiting).toEqual({ status: 'rejected', reason: 'enough' })
    expect(await rejection(beacon.ready({ signal: counted.signal }))).toBe('enough')
    const kept = new CountedSignal()
    const other = beacon.ready({ signal: kept.signal })
    beacon.sayReady(true)
    await other
    expect([kept.added, kept.removed]).toEqual([1, 1])
  })

  it('is not waited for any more when the service stops', async () => {
    const beacon = new Beacon({ readiness: 'manual' })
    await beacon.start()
    const waiting = settled(beacon.ready())
    await beacon.stop()
    expect(await waiting).toMatchObject({ status: 'rejected', reason: { code: 'LOOP_SERVICE_STATE' } })
  })
})
