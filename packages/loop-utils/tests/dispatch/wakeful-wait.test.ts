import { describe, expect, it } from 'vitest'
import { WakefulWait } from '../../src/dispatch/wakeful-wait.ts'
import { spin } from './threads.ts'

const isAwake = (): boolean => process.getActiveResourcesInfo().includes('Immediate')
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1))

/** Lets the time of a wait run out. */
async function disappoint(wait: WakefulWait): Promise<void> {
  wait.begin()
  spin(0.1)
  await turn()
}

describe('a wakeful wait', () => {
  it('keeps the loop turning until the answer comes', () => {
    const wait = new WakefulWait()
    wait.begin()
    wait.begin()
    expect(isAwake()).toBe(true)
    wait.end()
    wait.end()
    expect(isAwake()).toBe(false)
  })

  it('gives up by itself after a moment', async () => {
    await disappoint(new WakefulWait())
    expect(isAwake()).toBe(false)
  })

  it('stops trying where answers take long, and tries again now and then', async () => {
    const wait = new WakefulWait()
    for (let i = 0; i < 8; i++) await disappoint(wait)
    let tried = 0
    for (let i = 0; i < 128; i++) {
      wait.begin()
      if (!isAwake()) continue
      tried++
      await disappoint(wait)
    }
    expect(tried).toBe(2)
  })

  it('goes on trying where answers mostly come at once', async () => {
    const wait = new WakefulWait()
    for (let i = 0; i < 50; i++) {
      await disappoint(wait)
      wait.begin()
      expect(isAwake()).toBe(true)
      wait.end()
    }
  })
})
