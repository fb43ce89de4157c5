import { expect, it, vi } from 'vitest'
import { onSignalAbort } from '../../src/concurrency/abort-listeners.ts'

it('a listener to an abort that throws is a warning, and keeps no other from the abort', async () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
  const controller = new AbortController()
  const heard: string[] = []
  onSignalAbort(controller.signal, () => {
    heard.push('first')
    throw new Error('broken')
  })
  onSignalAbort(controller.signal, () => heard.push('second'))
  controller.abort()
  expect(heard).toEqual(['first', 'second'])
  expect(warned.mock.calls.map(([message]) => message)).toEqual(['a listener to an abort threw Error: broken'])
  warned.mockRestore()
})
