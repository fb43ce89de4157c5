import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { WakefulWait } from '../../src/dispatch/wakeful-wait.ts'
import { turns } from './threads.ts'

/** The time of this loop, which passes only when a test says so. */
let now = 0
beforeEach(() => {
  vi.spyOn(performance, 'now').mockImplementation(() => now)
})
afterEach(() => {
  vi.restoreAllMocks()
})

const isAwake = (): boolean => process.getActiveResourcesInfo().includes('Immediate')

/** Lets the time of a wait run out. */
async function disappoint(): Promise<void> {
  now += 0.06
  await turns(1)
}

/** Begins a wait, and tells whether it was tried; the answer comes at once. */
function reward(wait: WakefulWait): boolean {
  wait.begin()
  const wasAwake = isAwake()
  wait.end()
  return wasAwake
}

describe('a wakeful wait', () => {
  it('keeps the loop turning until the answer comes', async () => {
    const wait = new WakefulWait()
    wait.begin()
    wait.begin()
    expect(isAwake()).toBe(true)
    wait.end()
    wait.end()
    expect(isAwake()).toBe(false)
  })

  it('gives up by itself after a moment, which a later question makes longer', async () => {
    const wait = new WakefulWait()
    wait.begin()
    now += 0.05
    await turns(2)
    expect(isAwake()).toBe(true)
    wait.begin()
    now += 0.05
    await turns(2)
    expect(isAwake()).toBe(true)
    now += 0.01
    await turns(1)
    expect(isAwake()).toBe(false)
    wait.end()
    expect(isAwake()).toBe(false)
  })

  it('stops trying where answers take long, and tries again now and then', async () => {
    const wait = new WakefulWait()
    for (let i = 0; i < 8; i++) {
      wait.begin()
      expect(isAwake()).toBe(true)
      await disappoint()
    }
    const tried: number[] = []
    for (let i = 1; i <= 128; i++) {
      wait.begin()
      if (!isAwake()) continue
      tried.push(i)
      await disappoint()
    }
    expect(tried).toEqual([64, 128])
    // one that pays is enough to begin anew
    for (let i = 1; i < 64; i++) expect(reward(wait)).toBe(false)
    expect([reward(wait), reward(wait)]).toEqual([true, true])
  })

  it('remembers eight answers that came at once, and no more', async () => {
    const wait = new WakefulWait()
    for (let i = 0; i < 20; i++) expect(reward(wait)).toBe(true)
    for (let i = 0; i < 16; i++) {
      wait.begin()
      expect(isAwake()).toBe(true)
      await disappoint()
    }
    wait.begin()
    expect(isAwake()).toBe(false)
  })

  it('goes on trying where answers mostly come at once', async () => {
    const wait = new WakefulWait()
    for (let i = 0; i < 50; i++) {
      wait.begin()
      await disappoint()
      expect(reward(wait)).toBe(true)
    }
  })
})
