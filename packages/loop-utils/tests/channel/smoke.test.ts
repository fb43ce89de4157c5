import { expect, test } from 'vitest'
import { type EngineDefinition, LoopHost } from '../../src/channel/index.ts'

interface Echo {
  commands: { add: (input: { a: number; b: number }) => number; fail: (input: string) => void }
  events: { seen: { n: number }; level: number; noise: string }
  questions: { double: (n: number) => number }
}
const echo: EngineDefinition<Echo, { start: number }> = {
  name: 'echo',
  delivery: { seen: 'lossless', level: 'latest', noise: 'lossy' },
  create: (context, options) => {
    context.emit('seen', { n: options.start })
    return {
      commands: {
        add: async ({ a, b }) => {
          context.emit('seen', { n: a })
          context.emit('level', a)
          context.emit('level', b)
          return context.ask('double', a + b)
        },
        fail: (input) => {
          throw new TypeError(input)
        },
      },
      dispose: () => void context.emit('seen', { n: -1 }),
    }
  },
}
test('works', async () => {
  const host = new LoopHost()
  const log: unknown[] = []
  const link = await host.place(
    echo,
    { start: 7 },
    {
      events: { seen: ({ n }) => log.push(n), level: (n) => log.push(['level', n]), noise: () => undefined },
      questions: { double: (n) => n * 2 },
    },
  )
  log.push('placed')
  expect(await link.call('add', { a: 1, b: 2 })).toBe(6)
  await expect(link.call('fail', 'no')).rejects.toThrow(TypeError)
  log.push('closing')
  console.log(await link.close(), log)
  await host.close()
})
