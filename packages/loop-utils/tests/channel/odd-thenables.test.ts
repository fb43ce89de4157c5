import { expect, test } from 'vitest'
import { Responder } from '../../src/channel/responder.ts'
import { systemClock } from '../../src/clock/index.ts'
import type { PlainThrown } from '../../src/errors/index.ts'

function makeResponder(handler: () => unknown) {
  const answers: (readonly [id: number, answer: unknown])[] = []
  let tell: () => void = () => undefined
  const note = (id: number, answer: unknown): void => {
    answers.push([id, answer])
    tell()
  }
  const responder = new Responder({
    clock: systemClock,
    kind: 'command',
    where: 'a test',
    find: () => handler,
    reply: note,
    replyError: (id, error: PlainThrown) => note(id, 'message' in error ? error.message : error),
  })
  const answered = new Promise<void>((resolve) => {
    tell = resolve
  })
  return { responder, answers, answered }
}

test('a command whose thenable throws in then is answered with that, and does not go on running', async () => {
  const { answered, answers, responder } = makeResponder(() => ({
    // oxlint-disable-next-line unicorn/no-thenable -- what code that is not ours may return
    then() {
      throw new RangeError('not even then')
    },
  }))
  responder.handle({ id: 7, name: 'odd', input: null, deadline: undefined })
  await answered
  expect(answers).toEqual([[7, 'not even then']])
  expect(responder.running).toBe(0)
})

test('a command whose thenable tells several outcomes is answered once', async () => {
  const { answered, answers, responder } = makeResponder(() => ({
    // oxlint-disable-next-line unicorn/no-thenable -- what code that is not ours may return
    then(resolve: (value: unknown) => void, reject: (reason: unknown) => void) {
      resolve('first')
      reject(new Error('second'))
      resolve('third')
    },
  }))
  responder.handle({ id: 7, name: 'odd', input: null, deadline: undefined })
  await answered
  expect(answers).toEqual([[7, 'first']])
  expect(responder.running).toBe(0)
})
