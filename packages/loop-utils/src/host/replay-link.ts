import type { CallOptions, LinkCloseReport, LinkState, LinkStats, ObserveOptions } from '../channel/contract.ts'
import type { FacadeEnd } from '../channel/facade-end.ts'
import type { ErasedLink } from './erased-link.ts'

/** A link as a replay sees it: its calls go to the fresh engine, before anybody else's. */
export class ReplayLink implements ErasedLink {
  readonly #link: ErasedLink
  readonly #end: FacadeEnd

  constructor(link: ErasedLink, end: FacadeEnd) {
    this.#link = link
    this.#end = end
  }

  get state(): LinkState {
    return this.#link.state
  }

  get stats(): LinkStats {
    return this.#link.stats
  }

  call(command: string, input: unknown, options?: CallOptions): Promise<unknown> {
    return this.#end.call(command, input, options)
  }

  pause(): void {
    this.#link.pause()
  }

  resume(): void {
    this.#link.resume()
  }

  observe(wanted: ObserveOptions): void {
    this.#link.observe(wanted)
  }

  close(options?: { readonly drain?: boolean; readonly deadlineMs?: number }): Promise<LinkCloseReport> {
    return this.#link.close(options)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#link[Symbol.asyncDispose]()
  }
}
