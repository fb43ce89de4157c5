import { expect, it } from 'vitest'
import { WrongThreadError } from '../../src/dispatch/index.ts'
import { serveLoop } from '../../src/loop-manager/index.ts'

it('the main thread serves no loop to itself', async () => {
  await expect(serveLoop(() => ({}))).rejects.toBeInstanceOf(WrongThreadError)
})
