import type { CallOptions, EngineContract, EngineLink } from '../channel/contract.ts'

type Typed = EngineLink<EngineContract>

/** A link without the types of a contract. */
export interface ErasedLink extends Omit<Typed, 'call'> {
  call(command: string, input: unknown, options?: CallOptions): Promise<unknown>
}
