import type { EngineHost, LinkOptions } from '../../channel/index.ts'

/** What a law asks of the host that it is tried on. */
export interface LawHostOptions {
  readonly link?: LinkOptions
  readonly seed?: number
}

/** Makes a host in the way under test; the law closes it. */
export type LawHostFactory = (options?: LawHostOptions) => EngineHost

/** One thing that holds for every facade and engine, wherever the engine runs. */
export interface ChannelLaw {
  /** A sentence. */
  readonly name: string
  /** Rejects when the law is broken. */
  run(makeHost: LawHostFactory): Promise<void>
}
