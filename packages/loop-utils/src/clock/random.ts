/** A source of numbers in [0, 1), such as `Math.random`. */
export type Random = () => number
