import type { KeyObject } from 'node:crypto'
import { expectTypeOf, test } from 'vitest'
import type { EngineDefinition, EngineLink, Input, Output, Plain } from '../../src/channel/index.ts'
import type { ConformanceContract, ConformanceOptions } from '../../src/testing/conformance/conformance-contract.ts'

test('the type of plain values is themselves, and never where something cannot cross', () => {
  interface Fine {
    readonly text: string
    readonly list: readonly { at: Date; bytes: Uint8Array }[]
    readonly big?: bigint
    readonly key: KeyObject | null
    readonly any: unknown
  }
  expectTypeOf<Plain<Fine>>().toEqualTypeOf<Fine>()
  expectTypeOf<Plain<() => void>>().toBeNever()
  expectTypeOf<Plain<Map<string, string>>>().toBeNever()
  expectTypeOf<Plain<AbortSignal>>().toBeNever()
  expectTypeOf<Plain<{ onData: () => void }>>().toEqualTypeOf<{ onData: never }>()
  expectTypeOf<Plain<string | Error>>().toEqualTypeOf<string>()
})

test('inputs and outputs are those of the command', () => {
  type Flow = ConformanceContract['commands']['flow']
  expectTypeOf<Input<Flow>>().toEqualTypeOf<{ count: number }>()
  expectTypeOf<Output<Flow>>().toEqualTypeOf<{ stops: number }>()
  expectTypeOf<EngineLink<ConformanceContract>['call']>().toBeCallableWith('burst', 1)
  expectTypeOf<EngineDefinition<ConformanceContract, ConformanceOptions>['delivery']>().toHaveProperty('tick')
})
