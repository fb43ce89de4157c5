import { expect, it } from 'vitest'
import { ResourceStack } from '../../src/resources/index.ts'
import { rejection } from '../settled.ts'

it('a stack takes nothing more from the first disposer on', async () => {
  const stack = new ResourceStack()
  const seen: boolean[] = []
  stack.defer(() => seen.push(stack.isDisposed))
  stack.defer(() => {
    seen.push(stack.isDisposed)
    stack.defer(() => expect.unreachable())
  })
  expect(await rejection(stack.dispose())).toMatchObject({ code: 'LOOP_SERVICE_STATE', state: 'disposed' })
  expect(seen).toEqual([true, true])
  expect(stack.size).toBe(0)
})
