import { bothModes, type ModeContext } from '@x/testkit/modes'
import { describe, expect } from 'vitest'
import { callDocument, multicallDocument, post } from '../engine/engine-harness.ts'
import { RecordingCentral, startServer } from './server-harness.ts'

const event = (value: number): readonly [string, ...string[]] => ['event', 'rf', 'A:1', 'LEVEL', `<i4>${value}</i4>`]

/** Keeps the warnings of the process away from the output of the tests. */
function warningsOf({ defer }: ModeContext): Error[] {
  const warnings: Error[] = []
  const keep = (warning: Error): void => void warnings.push(warning)
  process.on('warning', keep)
  defer(() => process.off('warning', keep))
  return warnings
}

describe('handlers that do as they please', () => {
  bothModes('lose no callback when onError throws, or rejects, as well as the handler', async (context) => {
    const warnings = warningsOf(context)
    const central = new RecordingCentral('home', 'rf')
    central.onEvent = ({ value }) => {
      central.told.push(value)
      if (value === 1) throw new Error('at once')
      return value === 2 ? Promise.reject(new Error('later')) : Promise.resolve()
    }
    const onError = (error: unknown): unknown => {
      if ((error as Error).message === 'at once') throw new Error('onError throws')
      return Promise.reject(new Error('onError rejects'))
    }
    const server = await startServer(context, { onError })
    server.addCentral(central)
    await post(server.listenPort, multicallDocument(...[1, 2, 3].map(event)))
    await post(server.listenPort, callDocument(...event(4)))
    await expect.poll(() => central.told).toEqual([1, 2, 3, 4])
    await expect.poll(() => server.healthStatus.waitingCallbacks).toBe(0)
    await expect.poll(() => warnings).toHaveLength(2)
    expect(warnings.map(({ message }) => message)).toEqual([
      expect.stringContaining('onError throws'),
      expect.stringContaining('onError rejects'),
    ])
  })

  bothModes('are waited for, whatever kind of promise they give', async (context) => {
    const errors: unknown[] = []
    const server = await startServer(context, { onError: (error) => errors.push(error) })
    const central = new RecordingCentral('home', 'rf')
    const settle: ((error?: Error) => void)[] = []
    central.onEvent = ({ value }) => {
      central.told.push(value)
      const later = {
        // oxlint-disable-next-line unicorn/no-thenable -- as promises of libraries are
        then: (resolve: () => void, reject: (error: Error) => void) =>
          void settle.push((error) => (error === undefined ? resolve() : reject(error))),
      }
      return later as unknown as Promise<void>
    }
    server.addCentral(central)
    await post(server.listenPort, multicallDocument(...[1, 2, 3].map(event)))
    await expect.poll(() => settle).toHaveLength(1)
    expect([central.told, server.healthStatus.waitingCallbacks]).toEqual([[1], 3])
    settle[0]?.()
    await expect.poll(() => settle).toHaveLength(2)
    settle[1]?.(new Error('no'))
    await expect.poll(() => settle).toHaveLength(3)
    settle[2]?.()
    await expect.poll(() => server.healthStatus).toMatchObject({ waitingCallbacks: 0, failedCallbacks: 1 })
    expect([central.told, errors]).toEqual([[1, 2, 3], [new Error('no')]])
  })
})
