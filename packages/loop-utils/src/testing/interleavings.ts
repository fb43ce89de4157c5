/**
 * Every order in which the steps of several tracks can follow one another, each track keeping its own order. Their
 * number grows fast: two tracks of 5 have 252 orders, three of 4 have 34 650.
 *
 * @example
 * for (const steps of interleavings([start, stop], [lose, restore])) await run(steps)
 */
export function* interleavings<T>(...tracks: readonly (readonly T[])[]): Generator<T[], void, undefined> {
  const open = tracks.filter((track) => track.length > 0)
  if (open.length === 0) {
    yield []
    return
  }
  for (const [index, track] of open.entries()) {
    const [first, ...rest] = track as readonly [T, ...T[]]
    for (const others of interleavings(...open.toSpliced(index, 1, rest))) yield [first, ...others]
  }
}
