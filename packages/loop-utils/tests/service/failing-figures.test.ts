import { expect, it } from 'vitest'
import { ServiceCore } from '../../src/service/index.ts'

/** Has figures only while it runs, and does not think of it. */
class Careless extends ServiceCore {
  #socket: { readonly bytes: number } | undefined

  protected override onStart(): void {
    this.#socket = { bytes: 7 }
  }

  protected override onStop(): void {
    this.#socket = undefined
  }

  protected override counters(): Readonly<Record<string, number>> {
    return { bytes: (this.#socket as { readonly bytes: number }).bytes }
  }
}

it('a service whose figures cannot be read goes on, and tells all of its states', async () => {
  const errors: (readonly [event: string | symbol, error: unknown])[] = []
  const service = new Careless({ onError: (error, event) => errors.push([event, error]) })
  const states: string[] = []
  const reports: unknown[] = []
  service.on('state', ({ state }) => void states.push(state))
  service.on('health', ({ counters }) => void reports.push(counters))
  await service.start()
  await service.stop()
  expect(states).toEqual(['starting', 'running', 'stopping', 'stopped'])
  expect(reports).toEqual([{ bytes: 7 }])
  expect(errors).toEqual([['health', expect.any(TypeError)]])
  expect(() => service.health()).toThrow(TypeError)
})
