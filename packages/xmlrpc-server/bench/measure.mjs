/** CPU time of `once`, in milliseconds. */
async function cpuMs(once) {
  const before = process.cpuUsage()
  await once()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

/**
 * The least CPU time of each contestant, in milliseconds, over rounds in which they take turns: so that what else
 * happens on the machine hits all of them alike.
 */
export async function leastCpu(contestants, { rounds, repeat = 1 }) {
  const least = Object.fromEntries(Object.keys(contestants).map((name) => [name, Infinity]))
  for (let round = 0; round <= rounds; round++) {
    for (const [name, once] of Object.entries(contestants)) {
      const spent = await cpuMs(async () => {
        for (let i = 0; i < repeat; i++) await once()
      })
      // the first round only warms up
      if (round > 0) least[name] = Math.min(least[name], spent / repeat)
    }
  }
  return least
}
