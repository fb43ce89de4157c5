import { expect, it } from 'vitest'
import { fallback, type FallbackOptions } from '../../src/fallback/index.ts'
import { rejection } from '../settled.ts'

it.each(['when', 'onFallback', 'onEvent'] as const)(
  'no stand-in is made once %s has aborted the call',
  async (name) => {
    const controller = new AbortController()
    const abort = (): boolean => {
      controller.abort('stop')
      return true
    }
    const options: FallbackOptions = { [name]: abort }
    let made = 0
    const policy = fallback(() => ++made, options)
    const failing = policy.execute(() => Promise.reject(new Error('down')), { signal: controller.signal })
    expect(await rejection(failing)).toBe('stop')
    expect(made).toBe(0)
  },
)
