import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { RwLock, type HeldPermit } from '../../src/concurrency/index.ts'
import { rejection } from '../settled.ts'
import { agree, runInterleavings, turnMicrotasks, type Chance } from './interleavings.ts'
import { LAW_TIMEOUT_MS, lawCount } from '../law-count.ts'

type Access = 'read' | 'write'

/** A lock as an array. */
class Model {
  readonly log: string[] = []
  readers = 0
  isWriting = false
  queue: { readonly id: number; readonly access: Access }[] = []

  admits(access: Access): boolean {
    return !this.isWriting && (access === 'read' || this.readers === 0)
  }

  tryEnter(access: Access): boolean {
    if (this.queue.length > 0 || !this.admits(access)) return false
    this.#enter(access)
    return true
  }

  acquire(id: number, access: Access): void {
    if (this.tryEnter(access)) this.log.push(`${id} granted`)
    else this.queue.push({ id, access })
  }

  release(access: Access): void {
    if (access === 'read') this.readers--
    else this.isWriting = false
    this.#serve()
  }

  abort(id: number): void {
    if (this.queue.some((waiter) => waiter.id === id)) this.log.push(`${id} aborted`)
    this.queue = this.queue.filter((waiter) => waiter.id !== id)
    this.#serve()
  }

  #enter(access: Access): void {
    if (access === 'read') this.readers++
    else this.isWriting = true
  }

  #serve(): void {
    while (this.queue[0] !== undefined && this.admits(this.queue[0].access)) {
      const { id, access } = this.queue[0]
      this.queue = this.queue.slice(1)
      this.#enter(access)
      this.log.push(`${id} granted`)
    }
  }
}

/** One random schedule. */
async function play(chance: Chance): Promise<void> {
  const lock = new RwLock()
  const model = new Model()
  const log: string[] = []
  const held: { readonly permit: HeldPermit; readonly access: Access }[] = []
  const controllers: AbortController[] = []

  const compare = async (): Promise<void> => {
    await turnMicrotasks()
    agree('log', log, model.log)
    agree('inside', [lock.readers, lock.isWriting, lock.waiting], [model.readers, model.isWriting, model.queue.length])
  }
  const release = (): void => {
    const [one] = held.splice(chance.below(held.length), 1)
    if (one === undefined) return
    one.permit.release()
    one.permit.release()
    model.release(one.access)
  }
  const acquire = (access: Access): void => {
    const id = controllers.length
    const controller = new AbortController()
    controllers.push(controller)
    model.acquire(id, access)
    const options = { signal: controller.signal }
    const wait = access === 'read' ? lock.acquireRead(options) : lock.acquireWrite(options)
    wait.then(
      (permit) => {
        log.push(`${id} granted`)
        held.push({ permit, access })
      },
      () => log.push(`${id} aborted`),
    )
  }
  const tryAcquire = (access: Access): void => {
    const permit = access === 'read' ? lock.tryAcquireRead() : lock.tryAcquireWrite()
    agree('tried', permit !== undefined, model.tryEnter(access))
    if (permit !== undefined) held.push({ permit, access })
  }
  const abort = (): void => {
    const id = chance.below(controllers.length)
    if (controllers[id]?.signal.aborted !== false) return
    controllers[id].abort()
    model.abort(id)
  }

  for (let step = 6 + chance.below(18); step > 0; step--) {
    const access: Access = chance.percent(65) ? 'read' : 'write'
    const dice = chance.below(100)
    if (dice < 45) acquire(access)
    else if (dice < 52) tryAcquire(access)
    else if (dice < 80) release()
    else abort()
    if (chance.percent(40)) await compare()
  }
  await compare()
  while (held.length > 0) {
    release()
    await compare()
  }
  agree('waiting at the end', lock.waiting, 0)
  const listeners = controllers.reduce((sum, { signal }) => sum + getEventListeners(signal, 'abort').length, 0)
  agree('listeners', listeners, 0)
}

const COUNT = lawCount({ inSuite: 5000, inSoak: 100_000 })

describe('RwLock', () => {
  it(
    `is the model in ${COUNT} random interleavings`,
    async () => {
      expect(await runInterleavings(COUNT, play)).toEqual([])
    },
    LAW_TIMEOUT_MS,
  )

  it('lets readers in together and a writer alone', async () => {
    const lock = new RwLock()
    const log: string[] = []
    const read = (name: string): Promise<void> =>
      lock.read(async () => {
        log.push(`${name}+`)
        await turnMicrotasks(2)
        log.push(`${name}-`)
      })
    const write = lock.write.bind(lock, async () => {
      log.push('w+')
      await turnMicrotasks(2)
      log.push('w-')
    })
    await Promise.all([read('a'), read('b'), write(), read('c'), read('d')])
    expect(log).toEqual(['a+', 'b+', 'a-', 'b-', 'w+', 'w-', 'c+', 'd+', 'c-', 'd-'])
  })

  it('does not let a stream of readers starve a writer', async () => {
    const lock = new RwLock()
    const first = await lock.acquireRead()
    let readersBefore = 0
    let isWritten = false
    const write = lock.write(() => {
      isWritten = true
    })
    const readers = Array.from({ length: 100 }, () =>
      lock.read(() => {
        if (!isWritten) readersBefore++
      }),
    )
    expect(lock.tryAcquireRead()).toBeUndefined()
    first.release()
    await Promise.all([write, ...readers])
    expect(readersBefore).toBe(0)
  })

  it('lets a writer in that has waited, and nobody beside it', async () => {
    const lock = new RwLock()
    const reader = await lock.acquireRead()
    const writing = lock.acquireWrite()
    reader.release()
    const writer = await writing
    expect([lock.readers, lock.tryAcquireRead(), lock.tryAcquireWrite()]).toEqual([0, undefined, undefined])
    writer.release()
    const next = await lock.acquireWrite()
    expect(lock.tryAcquireRead()).toBeUndefined()
    next.release()
    expect(lock.tryAcquireRead()).toBeDefined()
  })

  it('lets readers in when the writer before them gives up', async () => {
    const lock = new RwLock()
    const reader = await lock.acquireRead()
    const controller = new AbortController()
    const writer = rejection(lock.acquireWrite({ signal: controller.signal }))
    const behind = lock.acquireRead()
    controller.abort('gone')
    expect(await writer).toBe('gone')
    const permit = await behind
    expect(lock.readers).toBe(2)
    permit.release()
    reader.release()
    expect(lock.tryAcquireWrite()).toBeDefined()
  })

  it('bounds its queue and can be closed', async () => {
    const lock = new RwLock({ maxWaiting: 1, name: 'table' })
    const writer = lock.tryAcquireWrite()
    const waiting = rejection(lock.acquireRead())
    expect(await rejection(lock.acquireRead())).toMatchObject({ queue: 'queue of table' })
    expect(await rejection(lock.read(() => 1, { signal: AbortSignal.abort('no') }))).toBe('no')
    expect(lock.rejectWaiting('closing')).toBe(1)
    expect(await waiting).toBe('closing')
    writer?.release()
    expect(await lock.read(() => 1)).toBe(1)
  })
})
