/** When tokens may be taken. All times are milliseconds of one monotonic clock; calls come in their order. */
export interface RateRule {
  /** How many tokens may be taken together. */
  readonly limit: number
  /**
   * When `n` tokens may be taken, not before `nowMs`. For `n` beyond `limit`: when the last of them may, were they taken
   * as early as possible.
   */
  earliest(n: number, nowMs: number): number
  /** Takes `n` tokens at a time that `earliest` admits. */
  take(n: number, atMs: number): void
  /** How many tokens there are at `nowMs`, a part of one included; negative where turns are reserved. */
  tokens(nowMs: number): number
  copy(): RateRule
}
