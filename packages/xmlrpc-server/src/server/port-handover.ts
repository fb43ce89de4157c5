import type { ListenAddress } from '../engine/contract.ts'
import type { EngineSeat } from './engine-seat.ts'
import { SwitchError } from './switch-error.ts'

/** Two engines, one of which has the port. */
export interface Handover {
  readonly from: EngineSeat
  readonly to: EngineSeat
  readonly address: ListenAddress
  /** Whether both may have the port for a moment. */
  readonly isShared: boolean
}

/** How long an engine goes on trying to bind a port that the other one is about to free. */
const PATIENCE_MS = 5000

/**
 * Hands a port from one engine to another; connections stay where they are. Returns for how long it was nobody's.
 *
 * @throws SwitchError when the other engine cannot bind it; the old one has it again where that is possible
 */
export async function handPortOver({ from, to, address, isShared }: Handover): Promise<number> {
  const request = { host: address.host, port: address.port, isShared, isFirst: false }
  if (isShared) {
    try {
      await to.listen(request)
    } catch (cause) {
      throw new SwitchError({ from: from.mode, to: to.mode, isServing: true }, { cause })
    }
    await from.unlisten().catch(() => undefined) // an engine that is gone has freed it
    return 0
  }
  // it tries from now on: to tell it when the port is free would take longer, the more so while this loop is busy
  const taking = to.listen({ ...request, patienceMs: PATIENCE_MS })
  taking.catch(() => undefined) // until it is awaited
  const closedAtMs = await from.unlisten().catch(() => undefined)
  try {
    const { atMs } = await taking
    return closedAtMs === undefined ? 0 : Math.max(0, atMs - closedAtMs)
  } catch (cause) {
    const isServing = await from.listen(request).then(
      () => true,
      () => false,
    )
    throw new SwitchError({ from: from.mode, to: to.mode, isServing }, { cause })
  }
}
