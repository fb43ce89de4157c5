import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import type { ServiceState, StateChange } from '../../src/service/index.ts'
import { interleavings } from '../../src/testing/index.ts'
import { settled } from '../settled.ts'
import { Beacon } from './beacon.ts'

type Step = 'start' | 'stop' | 'fail' | 'hook' | 'settle' | 'advance'

/** Where each state may come from. */
const PREVIOUS: Record<ServiceState, readonly ServiceState[]> = {
  idle: [],
  starting: ['idle', 'stopped', 'failed'],
  running: ['starting'],
  stopping: ['starting', 'running', 'failed'],
  stopped: ['idle', 'stopping'],
  failed: ['starting', 'running', 'stopping'],
}

class Trial {
  readonly beacon = new Beacon({ onError: () => {} })
  readonly changes: StateChange[] = []
  readonly outcomes: Promise<unknown>[] = []
  #isHookFailing = false
  running = 0

  constructor() {
    const { beacon } = this
    beacon.on('state', (change) => void this.changes.push(change))
    const hook = async (): Promise<void> => {
      expect(++this.running).toBe(1)
      try {
        await beacon.clock.sleep(10)
        if (this.#isHookFailing) throw new Error('hook')
      } finally {
        this.running--
      }
    }
    beacon.starting = hook
    beacon.stopping = hook
  }

  async take(step: Step): Promise<void> {
    const { beacon } = this
    const steps: Record<Step, () => unknown> = {
      start: () => this.outcomes.push(settled(beacon.start())),
      stop: () => this.outcomes.push(settled(beacon.stop())),
      fail: () => beacon.die(new Error('failed')),
      hook: () => (this.#isHookFailing = !this.#isHookFailing),
      settle: () => beacon.clock.settle(),
      advance: () => beacon.clock.advance(10),
    }
    await steps[step]()
  }
}

/** What holds after everything, whatever happened. */
async function checkEnd(trial: Trial): Promise<void> {
  const { beacon, changes, outcomes } = trial
  await trial.take('stop')
  await beacon.clock.runAll()
  await Promise.all(outcomes)
  expect(['stopped', 'failed']).toContain(beacon.state)
  expect([beacon.clock.pending, trial.running]).toEqual([0, 0])
  expect(beacon.stops).toHaveLength(beacon.starts.length)
  for (const { signal } of beacon.starts) expect(signal.aborted).toBe(true)
  let previous: ServiceState = 'idle'
  for (const change of changes) {
    expect(change.previous).toBe(previous)
    expect(PREVIOUS[change.state]).toContain(previous)
    previous = change.state
  }
  expect(beacon.state).toBe(previous)
}

it('calls its hooks in turn and ends, whatever is asked in whatever order', async () => {
  const steps = fc.array(fc.constantFrom<Step>('start', 'stop', 'fail', 'hook', 'settle', 'advance'), { maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(steps, async (plan) => {
      const trial = new Trial()
      for (const step of plan) await trial.take(step)
      await checkEnd(trial)
    }),
    { numRuns: 100 },
  )
})

it('survives every order of starting, stopping, failing and time', async () => {
  let orders = 0
  for (const plan of interleavings<Step>(
    ['start', 'stop', 'start'],
    ['fail', 'hook'],
    ['advance', 'settle', 'advance'],
  )) {
    const trial = new Trial()
    for (const step of plan) await trial.take(step)
    await checkEnd(trial)
    orders++
  }
  expect(orders).toBe(560)
})
