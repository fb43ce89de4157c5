import { expect, it } from 'vitest'
import { attachPoster, Dispatcher } from '../../src/dispatch/index.ts'
import { NotPlainError } from '../../src/errors/index.ts'
import { rejection } from '../settled.ts'

const ADVICE = 'and cannot cross a thread; give JSON-like data, bigint, Date, Uint8Array or KeyObject instead'

interface Handlers {
  readonly [name: string]: (...args: never[]) => unknown
  take(...args: unknown[]): void
  give(): unknown
}

function open() {
  const errors: unknown[] = []
  const dispatcher = new Dispatcher({ onError: (error) => errors.push(error) })
  dispatcher.register({ take: () => undefined, give: () => ({ deep: [() => 1] }) })
  return { dispatcher, errors, poster: attachPoster<Handlers>(dispatcher.connect<Handlers>()) }
}

it('an event that cannot cross is told of by what it holds, and where', async () => {
  const { dispatcher, errors, poster } = open()
  poster.emit('take', 1, { list: [Symbol('s')] })
  // known by its number from now on
  poster.emit('take', () => 1)
  await poster.close()
  await dispatcher.close()
  expect(errors).toEqual([expect.any(NotPlainError), expect.any(NotPlainError)])
  expect(errors.map((error) => (error as Error).message)).toEqual([
    `arguments[1].list[0] of 'take' is a symbol ${ADVICE}`,
    `arguments[0] of 'take' is a function ${ADVICE}`,
  ])
})

it('a call that cannot cross, and a result that cannot, are told of likewise', async () => {
  const { dispatcher, poster } = open()
  expect(await rejection(poster.call('take', [{ on: () => 1 }]))).toMatchObject({
    path: "arguments[0].on of 'take'",
    found: 'a function',
  })
  expect(await rejection(poster.call('give', []))).toMatchObject({
    message: `result.deep[0] is a function ${ADVICE}`,
    path: 'result.deep[0]',
    found: 'a function',
  })
  await poster.close()
  await dispatcher.close()
})

it('what only the engine finds is told of in its words', async () => {
  const { dispatcher, poster } = open()
  const list = Array.from({ length: 20_000 }, () => ({}))
  list.push(() => 1)
  const error = await rejection(poster.call('take', [list]))
  expect(error).toBeInstanceOf(NotPlainError)
  expect(error).toMatchObject({
    path: "arguments of 'take'",
    found: expect.stringMatching(/^not clonable \(.*could not/),
  })
  await poster.close()
  await dispatcher.close()
})

it('a result that throws when it is read rejects its call, at once or later', async () => {
  const { dispatcher, poster } = open()
  const hostile = {
    get bad(): never {
      throw new RangeError('not readable')
    },
  }
  dispatcher.register({ now: () => hostile, later: async () => hostile })
  const unhandled: unknown[] = []
  const onUnhandled = (reason: unknown): void => void unhandled.push(reason)
  process.on('unhandledRejection', onUnhandled)
  expect(await rejection(poster.call('now', []))).toMatchObject({ message: 'not readable' })
  expect(await rejection(poster.call('later', [], { timeoutMs: 2000 }))).toMatchObject({ message: 'not readable' })
  await poster.close()
  await dispatcher.close()
  process.off('unhandledRejection', onUnhandled)
  expect(unhandled).toEqual([])
})
