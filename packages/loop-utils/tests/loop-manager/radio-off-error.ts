/** An error of the user's own. */
export class RadioOffError extends Error {
  override readonly name = 'RadioOffError'
  readonly code = 'RADIO_OFF'
  readonly channel: number

  constructor(channel: number) {
    super(`channel ${channel} is off`)
    this.channel = channel
  }
}
