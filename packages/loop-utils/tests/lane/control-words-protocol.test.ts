import { describe, expect, it } from 'vitest'
import type { LaneControl } from '../../src/lane/control-words.ts'
import { explore, type Exploration, type Script, type Step, type World } from '../shared/model-checker.ts'
import { must } from '../shared/must.ts'
import { type Fate, type Fault, isListed, SteppedSource } from '../shared/stepped-source.ts'

type Thread = (world: World, thread: number) => Script

/** Each word lies in a cache line of its own. */
const WORDS_PER_LINE = 16
const COMMITTED = 0
const DELIVERED = 1
const module = new URL('../../src/lane/control-words.ts', import.meta.url)

/** Facts of a model: items that the port holds, messages on their way back to the writer, and what they answer. */
type Fact = 'port' | 'messages' | 'asked' | 'answered' | 'taken' | 'writable'

function fact(world: World, name: Fact): number {
  return world.ghost[name] ?? 0
}

function count(world: World, name: Fact, delta: number): void {
  world.ghost[name] = fact(world, name) + delta
}

interface WriterPlan {
  /** How many items each burst has; after each the writer waits until it may go on. */
  readonly bursts: readonly number[]
  readonly lowWaterMark: number
  readonly how: 'blocks' | 'asks' | 'asks and blocks'
  readonly fate?: Fate
}

interface ReaderPlan {
  readonly items: number
  readonly lowWaterMark: number
  /** How many items it takes before it tells the writer. */
  readonly step?: number
}

/** The two ends of a lane: the code of LaneControl, and around it, in the same order, what the ends do with the port. */
class Lane {
  /** What the counters begin at; they count modulo 2³². */
  readonly #start: number
  readonly #source: SteppedSource<{ readonly LaneControl: new () => LaneControl }>
  readonly #control: LaneControl

  constructor({ start = 0, fault = 'none' }: { readonly start?: number; readonly fault?: Fault } = {}) {
    this.#start = start
    this.#source = new SteppedSource(module, { fault, cellOf: (index) => index / WORDS_PER_LINE })
    this.#control = new this.#source.exports.LaneControl()
    this.#source.start()
  }

  /** Posts items one by one, and counts each when the port holds it. */
  poster(items: number, isClosing = false): Thread {
    return (world, thread) => this.#runPoster({ world, thread }, items, isClosing)
  }

  /** Blocks until there is something, and takes it, until it has all or the writer has closed. */
  blockingReader(items: number, fate: Fate = {}): Thread {
    return (world, thread) => this.#runBlockingReader({ world, thread }, items, fate)
  }

  /** Writes bursts, and waits after each until the depth is low. */
  writer(plan: WriterPlan): Thread {
    return (world, thread) => this.#runWriter({ world, thread }, plan)
  }

  /** Takes what the port brings, and tells the writer of it. */
  reader(plan: ReaderPlan): Thread {
    return (world, thread) => this.#runReader({ world, thread }, plan)
  }

  /** Closes its end at some time. */
  closing(end: 'closeReader' | 'closeWriter'): Thread {
    return (world, thread) => this.#runClosing({ world, thread }, end)
  }

  explore(threads: readonly Thread[], laws: (world: World) => void = () => undefined): Exploration {
    return explore(
      this.#source.model(threads, {
        init: ({ cells }) => {
          cells[COMMITTED] = this.#start
          cells[DELIVERED] = this.#start
        },
        invariant: (world) => must(fact(world, 'answered') <= fact(world, 'asked'), 'a message that nobody asked for'),
        atEnd: (world) => {
          must(world.unfinished.length === 0, `threads ${world.unfinished.join()} sleep for ever`)
          for (const [thread] of threads.entries()) must(!isListed(world, thread), 'a wait stays in the engine')
          laws(world)
        },
      }),
    )
  }

  *#runPoster(place: Place, items: number, isClosing: boolean): Script {
    for (let item = 1; item <= items; item++) {
      yield* this.#post(place)
      place.world.forget(`posted ${item}`)
    }
    if (isClosing) yield* this.#call(place, (control) => control.closeWriter())
  }

  *#runBlockingReader(place: Place, items: number, fate: Fate): Script {
    const { world } = place
    for (let taken = 0; taken < items;) {
      const received = (this.#start + taken) | 0
      const blocking = { ...place, fate }
      yield* this.#call(blocking, (control) =>
        control.blockReader(() => control.committed !== received || control.isWriterClosed, 1),
      )
      world.forget(`looks with ${taken}`)
      // in this order: what was posted before the close is there when that is seen
      const isClosed = yield* this.#call(place, (control) => control.isWriterClosed)
      const ready = (Number(yield* this.#call(place, (control) => control.committed)) - received) | 0
      must(ready >= 0 && ready <= fact(world, 'port'), 'a number promises an item that the port does not hold')
      count(world, 'port', -ready)
      count(world, 'taken', ready)
      taken += ready
      world.forget(`has ${taken}`)
      if (isClosed === true) return
    }
  }

  *#runWriter(place: Place, plan: WriterPlan): Script {
    let accepted = this.#start
    for (const [burst, items] of plan.bursts.entries()) {
      for (let item = 0; item < items; item++) {
        accepted = (accepted + 1) | 0
        yield* this.#post(place)
        place.world.forget(`burst ${burst}, item ${item}`)
      }
      const isLow = (control: LaneControl): boolean =>
        ((accepted - control.delivered) | 0) < plan.lowWaterMark || control.isReaderClosed
      const isWaiting = plan.how !== 'blocks' && (yield* this.#ask(place, isLow)) !== true
      const label = `burst ${burst}, ${isWaiting ? 'asked' : 'not asked'}`
      place.world.forget(label)
      if (plan.how !== 'asks') yield* this.#block({ ...place, fate: plan.fate ?? {} }, isLow, label)
      place.world.forget(`${label}, went on`)
      if (isWaiting) yield* this.#awaitMessage(place, isLow)
      place.world.forget(`burst ${burst} is over`)
      count(place.world, 'writable', 1)
    }
  }

  /** As `writable()` begins: true when it needs no message. */
  *#ask(place: Place, isLow: (control: LaneControl) => boolean): Generator<Step, unknown, undefined> {
    if ((yield* this.#call(place, isLow)) === true) return true
    count(place.world, 'asked', 1)
    yield* this.#call(place, (control) => control.askForMessage())
    return yield* this.#call(place, isLow)
  }

  *#awaitMessage(place: Place, isLow: (control: LaneControl) => boolean): Generator<Step, void, undefined> {
    const { world } = place
    for (;;) {
      yield { when: () => fact(world, 'messages') > 0 }
      count(world, 'messages', -1)
      // more than one ask may be open: what counts is that each answer had one
      count(world, 'asked', 1)
      yield* this.#call(place, (control) => control.askForMessage())
      if ((yield* this.#call(place, isLow)) === true) return
    }
  }

  /** As `writableSync()` does. */
  *#block(place: Place, isLow: (control: LaneControl) => boolean, label: string): Generator<Step, void, undefined> {
    while ((yield* this.#call(place, isLow)) !== true) {
      yield* this.#call(place, (control) => control.blockWriter(() => isLow(control), 1))
      place.world.forget(`${label}, looks again`)
    }
  }

  *#runReader(place: Place, { items, lowWaterMark, step = 1 }: ReaderPlan): Script {
    const { world } = place
    for (let taken = 0; taken < items; taken += step) {
      yield { when: () => fact(world, 'port') >= step }
      count(world, 'port', -step)
      count(world, 'taken', step)
      const isToTell = yield* this.#call(place, (control) => control.addDelivered(step, lowWaterMark))
      if (isToTell === true) {
        count(world, 'messages', 1)
        count(world, 'answered', 1)
      }
      world.forget(`took ${taken + step}`)
    }
  }

  *#runClosing(place: Place, end: 'closeReader' | 'closeWriter'): Script {
    yield* this.#call(place, (control) => control[end]())
  }

  *#post(place: Place): Generator<Step, void, undefined> {
    yield
    count(place.world, 'port', 1)
    yield* this.#call(place, (control) => control.addCommitted(1))
  }

  *#call(place: Place, call: (control: LaneControl) => unknown): Generator<Step, unknown, undefined> {
    const ending = yield* this.#source.call(place, () => call(this.#control))
    if ('error' in ending) throw ending.error
    return ending.value
  }
}

interface Place {
  readonly world: World
  readonly thread: number
  readonly fate?: Fate
}

const lane = new Lane()
/** The next number is below 0, and the one after 2³² − 1 is 0. */
const STARTS = [0, 2 ** 31 - 2, -2]

describe('the control words of a lane, their own code in every interleaving', () => {
  it.each(STARTS)('wake a reader that blocks for each item, counting from %d', (start) => {
    const counted = new Lane({ start })
    const { states } = counted.explore([counted.poster(3), counted.blockingReader(3)], (world) => {
      must(fact(world, 'taken') === 3 && fact(world, 'port') === 0, 'an item is lost')
    })
    expect(states).toBeGreaterThan(50)
  })

  it('wake a reader that blocks when the writer closes, after its last item', () => {
    const { ends } = lane.explore([lane.poster(2, true), lane.blockingReader(10)], (world) => {
      must(fact(world, 'taken') === 2, 'an item is lost')
    })
    expect(ends).toBeGreaterThan(0)
  })

  it('lose nothing when a reader that blocks looks in vain at any time', () => {
    const { ends } = lane.explore([lane.poster(2, true), lane.blockingReader(10, { mayTimeOut: true })], (world) => {
      must(fact(world, 'taken') === 2, 'an item is lost')
    })
    expect(ends).toBeGreaterThan(0)
  })

  const plan = { bursts: [2, 1], lowWaterMark: 1, how: 'blocks' } as const

  it.each([
    { name: 'one that blocks', writer: plan, reader: { items: 3, lowWaterMark: 1 } },
    {
      name: 'one that blocks, a mark of two',
      writer: { ...plan, lowWaterMark: 2 },
      reader: { items: 3, lowWaterMark: 2 },
    },
    {
      name: 'one that blocks and looks in vain',
      writer: { ...plan, fate: { mayTimeOut: true } },
      reader: { items: 3, lowWaterMark: 1 },
    },
    { name: 'one that asks', writer: { ...plan, how: 'asks' }, reader: { items: 3, lowWaterMark: 1 } },
    {
      name: 'one that asks, a reader that tells of two at a time',
      writer: { ...plan, bursts: [2, 2], how: 'asks' },
      reader: { items: 4, lowWaterMark: 1, step: 2 },
    },
    {
      name: 'one that asks and blocks',
      writer: { ...plan, how: 'asks and blocks' },
      reader: { items: 3, lowWaterMark: 1 },
    },
    {
      name: 'one that asks and blocks and looks in vain',
      writer: { ...plan, bursts: [2], how: 'asks and blocks', fate: { mayTimeOut: true } },
      reader: { items: 2, lowWaterMark: 1 },
    },
  ] as const)('tell a writer that the depth is low: $name', ({ writer, reader }) => {
    // the counters pass the largest number of 32 bits within the run
    const counted = new Lane({ start: 2 ** 31 - 2 })
    const { states } = counted.explore([counted.writer(writer), counted.reader(reader)], (world) => {
      must(fact(world, 'writable') === writer.bursts.length, 'a writer did not get on')
      must(fact(world, 'taken') === reader.items, 'an item is lost')
    })
    expect(states).toBeGreaterThan(50)
  })

  it('wake a writer that blocks when the reader closes', () => {
    const { ends } = lane.explore([lane.writer({ ...plan, bursts: [1] }), lane.closing('closeReader')])
    expect(ends).toBeGreaterThan(0)
  })

  it('wake both when the reader closes while it takes', () => {
    const reader = lane.reader({ items: 1, lowWaterMark: 1 })
    const { ends } = lane.explore([lane.writer({ ...plan, bursts: [2] }), reader, lane.closing('closeReader')])
    expect(ends).toBeGreaterThan(0)
  })

  it.each<Fault>(['notifies nobody', 'sleeps without comparing'])(
    'are found to hang with a memory that %s',
    (fault) => {
      const faulty = new Lane({ fault })
      expect(() => faulty.explore([faulty.poster(1), faulty.blockingReader(1)])).toThrow('sleep for ever')
      const writer = faulty.writer({ ...plan, bursts: [1] })
      expect(() => faulty.explore([writer, faulty.reader({ items: 1, lowWaterMark: 1 })])).toThrow('sleep for ever')
    },
  )
})
