import type { EngineHost, EngineLink, FacadeHandlers } from '../../channel/contract.ts'
import type { LogLevel } from '../../log/logger.ts'
import type { LawHostFactory, LawHostOptions } from './channel-law.ts'
import type { ConformanceContract, ConformanceOptions } from './conformance-contract.ts'
import { conformanceEngine } from './conformance-engine.ts'

type Handlers = FacadeHandlers<ConformanceContract>

/** How a law sets its engine up. */
export interface RigSetup {
  readonly host?: LawHostOptions
  readonly options?: ConformanceOptions
  readonly handlers?: Omit<Partial<Handlers>, 'events' | 'questions'>
  readonly events?: Partial<Handlers['events']>
  readonly double?: Handlers['questions']['double']
}

/** A conformance engine that is placed, and everything its facade was told, in order. */
export class Rig {
  readonly host: EngineHost
  readonly seen: (readonly [event: string, data: unknown])[] = []
  readonly errors: unknown[] = []
  readonly logs: { level: LogLevel; fields: Readonly<Record<string, unknown>>; message: string }[] = []
  readonly diagnostics: { name: string; data: Readonly<Record<string, unknown>> }[] = []
  #link: EngineLink<ConformanceContract> | undefined

  private constructor(host: EngineHost) {
    this.host = host
  }

  /** Gives `body` a placed engine; closes the host whatever happens. */
  static async use(makeHost: LawHostFactory, setup: RigSetup, body: (rig: Rig) => Promise<void>): Promise<void> {
    const rig = new Rig(makeHost(setup.host))
    try {
      await rig.place(setup)
      await body(rig)
    } finally {
      await rig.host.close()
    }
  }

  get link(): EngineLink<ConformanceContract> {
    if (this.#link === undefined) throw new Error('the engine is not placed')
    return this.#link
  }

  /** The numbers of the ticks so far. */
  get ticks(): number[] {
    return this.of<{ seq: number }>('tick').map(({ seq }) => seq)
  }

  /** What arrived of one event. */
  of<T>(event: string): T[] {
    return this.seen.filter(([name]) => name === event).map(([, data]) => data as T)
  }

  async place({ double, events, handlers, options = {} }: RigSetup): Promise<void> {
    this.#link = await this.host.place(conformanceEngine, options, {
      ...handlers,
      events: { ...this.#recorders(), ...events },
      questions: { double: double ?? ((value) => (value as number) * 2) },
      onError: (error) => this.errors.push(error),
      onLog: (level, fields, message) => this.logs.push({ level, fields, message }),
      onDiagnostic: (name, data) => this.diagnostics.push({ name, data }),
    })
  }

  #recorders(): Handlers['events'] {
    const record =
      (event: string) =>
      (data: unknown): void => {
        this.seen.push([event, data])
      }
    return {
      tick: record('tick'),
      value: record('value'),
      level: record('level'),
      noise: record('noise'),
      records: record('records'),
      farewell: record('farewell'),
    }
  }
}

/** Numbers from 0 up. */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}

/** Gives the loop turns until something holds, for at most two seconds. */
export async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 2000
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`did not come true within 2 s: ${holds.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}
