import { expect, test } from 'vitest'
import { KeepAlive } from '../../src/host/keep-alive.ts'

const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length

test('a process is kept alive as long as somebody holds it, and again later', () => {
  const before = timers()
  const alive = new KeepAlive()
  for (const _ of [1, 2]) {
    alive.hold()
    alive.hold()
    expect(timers()).toBe(before + 1)
    alive.release()
    expect(timers()).toBe(before + 1)
    alive.release()
    expect(timers()).toBe(before)
  }
})
