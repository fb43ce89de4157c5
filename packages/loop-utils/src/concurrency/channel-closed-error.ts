import { XError } from '../errors/x-error.ts'

/** A value was sent to a channel that is closed, or asked of one that is closed and empty. */
export class ChannelClosedError extends XError {
  override readonly name = 'ChannelClosedError'
  readonly code = 'LOOP_CHANNEL_CLOSED'
  readonly channel: string

  constructor(channel: string) {
    super(`${channel} is closed; send before close(), and receive by for await, which ends then`)
    this.channel = channel
  }
}
