import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { seeded } from '../../src/clock/index.ts'
import { LAW_TIMEOUT_MS, lawCount } from '../law-count.ts'
import { INTERRUPTIONS, InterruptionRounds, type Round } from './interruption-rounds.ts'

const ROUNDS = lawCount({ inSuite: 12, inSoak: 3000 })

/** Every interruption, of a stable link and of one that is not, and then whatever comes. */
function rounds(seed: number): Round[] {
  const random = seeded(seed)
  return Array.from({ length: ROUNDS }, (_, index) => {
    const at = index < 12 ? index : Math.floor(random() * 12)
    const interruption = INTERRUPTIONS[at % 3] ?? 'killed'
    const failures = interruption === 'killed' ? 0 : 1 + Math.floor(random() * 3)
    return { interruption, isStable: at % 4 === 3, failures }
  })
}

/** Open handles of the process by their kinds, but for what the test runner uses. */
function sockets(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind.startsWith('TCP')).length
}

describe('a link to a peer that is interrupted again and again', () => {
  it(
    `comes up after each of ${ROUNDS} interruptions, with the backoff begun anew only once it was stable, and leaves nothing`,
    { timeout: LAW_TIMEOUT_MS },
    async () => {
      const before = sockets()
      const bench = new InterruptionRounds()
      await bench.begin()
      let drawn = 0
      for (const round of rounds(1)) {
        if (round.isStable) drawn = 0
        const delaysMs = Array.from({ length: round.failures + 1 }, () => Math.min(1000 * 2 ** drawn++, 60_000))
        expect([round, await bench.run(round)]).toEqual([
          round,
          // the timer is the heartbeat of the link
          { flips: [false, true], delaysMs, left: { sockets: 1, connections: 1, timers: 1, listeners: 0 } },
        ])
      }
      expect(await bench.end()).toEqual({ sockets: 0, connections: 0, timers: 0, listeners: 0 })
      for (let turns = 0; turns < 1000 && sockets() > before; turns++) await turn()
      expect(sockets()).toBe(before)
    },
  )
})
