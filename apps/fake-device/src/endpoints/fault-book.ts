import type { FaultRequest, FaultView } from '@x/testkit/control'
import { FaultExistsError, FaultProxy, TooManyFaultsError, type Fault } from '@x/testkit/faults'
import { OptionError } from '@x/loop-utils/errors'
import { ApiProblem } from '../api/problem.ts'

/** The faults of one endpoint, which outlast the proxies that they strike in. */
export class FaultBook {
  readonly #endpoint: string
  /** Never listens: it checks and names the faults. */
  readonly #checker = new FaultProxy({ upstream: { port: 1 } })
  readonly #requests = new Map<string, FaultRequest>()

  constructor(endpoint: string) {
    this.#endpoint = endpoint
  }

  /** Returns the request with the name that the fault has. @throws ApiProblem */
  add(request: FaultRequest): FaultRequest & { readonly name: string } {
    try {
      const { name } = this.#checker.addFault(request)
      const named = { ...request, name }
      this.#requests.set(name, named)
      return named
    } catch (error) {
      if (error instanceof FaultExistsError) throw new ApiProblem('FAKE_CONFLICT', error.message, 'name')
      if (error instanceof TooManyFaultsError) throw new ApiProblem('FAKE_BAD_REQUEST', error.message)
      throw fromOption(error)
    }
  }

  /** Returns false when there is none of that name. */
  remove(name: string): boolean {
    this.#requests.delete(name)
    return this.#checker.removeFault(name)
  }

  clear(): void {
    this.#requests.clear()
    this.#checker.clearFaults()
  }

  get isEmpty(): boolean {
    return this.#requests.size === 0
  }

  /** Puts all faults into a proxy. */
  strike(proxy: FaultProxy): void {
    for (const request of this.#requests.values()) proxy.addFault(request)
  }

  views(): readonly FaultView[] {
    return this.#checker.faults().map((fault) => this.#view(fault))
  }

  /** Undefined when there is none of that name. */
  view(name: string): FaultView | undefined {
    return this.views().find((view) => view.name === name)
  }

  #view({ name, type, stream, toxicity, attributes }: Fault): FaultView {
    const finite = Object.entries(attributes).filter(([, value]) => Number.isFinite(value))
    return { endpoint: this.#endpoint, name, type, stream, toxicity, attributes: Object.fromEntries(finite) }
  }
}

/** A wrong option of the fake is a wrong member of the request's body. */
export function fromOption(error: unknown): unknown {
  if (!(error instanceof OptionError)) return error
  return new ApiProblem('FAKE_BAD_REQUEST', error.message, error.option.replace(/^(fault|device|order)\./, ''))
}
