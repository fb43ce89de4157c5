import { setTimeout as delay } from 'node:timers/promises'
import type { EngineDefinition } from '../../channel/contract.ts'
import {
  deathCommands,
  environmentCommands,
  observationCommands,
  requestCommands,
  streamCommands,
  Ticks,
  valueCommands,
} from './conformance-commands.ts'
import type { ConformanceContract, ConformanceOptions } from './conformance-contract.ts'
import { conformanceRevival, makeFailure } from './conformance-errors.ts'

/** An engine without any I/O, which does on command what the laws of the channel speak of. */
export const conformanceEngine: EngineDefinition<ConformanceContract, ConformanceOptions> = {
  name: 'conformance',
  delivery: {
    tick: 'lossless',
    value: 'lossless',
    level: 'latest',
    noise: 'lossy',
    records: 'lossless',
    farewell: 'lossless',
  },
  errors: conformanceRevival,
  create: (context, options) => {
    if (options.create === 'fail') throw makeFailure('typed')
    const ticks = new Ticks(context)
    ticks.emit(options.firstTicks ?? 0)
    return {
      commands: {
        ...valueCommands(context),
        ...streamCommands(context, ticks),
        ...requestCommands(context),
        ...observationCommands(context),
        ...environmentCommands(context, options),
        ...deathCommands(context, ticks),
      },
      dispose: async () => {
        ticks.stop()
        if (options.dispose === 'fail') throw makeFailure('typed')
        if (options.dispose === 'hang') await new Promise(() => undefined)
        if (options.dispose === 'slow') await delay(50)
        context.emit('farewell', null)
      },
    }
  },
}
