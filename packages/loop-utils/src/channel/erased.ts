import type { ErrorRevival } from '../errors/error-revival.ts'
import type { LinkOptions } from './link-limits.ts'
import type { CommandContext, EngineContract, FacadeHandlers } from './contract.ts'

/** An engine as the channel drives it: names come from messages, so the types of a contract say nothing there. */
export interface ErasedEngine {
  readonly commands: Readonly<Record<string, ((input: unknown, context: CommandContext) => unknown) | undefined>>
  dispose(): void | Promise<void>
}

/** An engine definition as the channel uses it. */
export interface ErasedDefinition {
  readonly name: string
  readonly errors?: ErrorRevival
  readonly link?: LinkOptions
  create(context: unknown, options: unknown): ErasedEngine
}

type KeptHandlers = Pick<FacadeHandlers<EngineContract>, 'onDiagnostic' | 'onError' | 'onLog' | 'onState' | 'observe'>

/** The facade's handlers as the channel calls them. */
export interface ErasedHandlers extends KeptHandlers {
  readonly events: Readonly<Record<string, ((data: unknown) => unknown) | undefined>>
  readonly questions: Readonly<
    Record<string, ((input: unknown, context: { readonly signal: AbortSignal }) => unknown) | undefined>
  >
}
