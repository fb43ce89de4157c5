/** The versions of Node from which on a server can share its port with another one of the same process. */
const SINCE: readonly (readonly [major: number, minor: number])[] = [
  [22, 12],
  [23, 1],
]

/** Whether this version of Node knows the option `reusePort` of servers. The platform has its own word in it. */
export function canSharePorts(version: string = process.versions.node): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const newest = SINCE.at(-1)?.[0] ?? 0
  return major > newest || SINCE.some(([sinceMajor, sinceMinor]) => major === sinceMajor && minor >= sinceMinor)
}
