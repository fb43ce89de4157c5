/**
 * The callbacks that are answered before anybody handles them, with how many parameters each has. A CCU waits for the
 * answer, some interfaces without a timeout, so it must not depend on how long a handler takes.
 */
export const ACKNOWLEDGED_ARITY: ReadonlyMap<string, number> = new Map([
  ['event', 4],
  ['newDevices', 2],
  ['deleteDevices', 2],
  ['updateDevice', 3],
  ['replaceDevice', 3],
  ['readdedDevice', 2],
  ['error', 3],
])
