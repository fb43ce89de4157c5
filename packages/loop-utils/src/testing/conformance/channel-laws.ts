import type { ChannelLaw } from './channel-law.ts'
import { cancelLaws } from './laws/cancel-laws.ts'
import { deliveryLaws } from './laws/delivery-laws.ts'
import { errorLaws } from './laws/error-laws.ts'
import { observeLaws } from './laws/observe-laws.ts'
import { orderLaws } from './laws/order-laws.ts'
import { stopLaws } from './laws/stop-laws.ts'
import { valueLaws } from './laws/value-laws.ts'

/**
 * Everything that holds between a facade and its engine, whatever host placed it. It needs no test runner: each law
 * rejects when it is broken.
 */
export const channelLaws: readonly ChannelLaw[] = [
  ...valueLaws,
  ...orderLaws,
  ...deliveryLaws,
  ...errorLaws,
  ...cancelLaws,
  ...observeLaws,
  ...stopLaws,
]
