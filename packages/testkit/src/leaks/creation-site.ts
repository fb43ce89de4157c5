/** Who made a resource, told from the stack at its creation. */
export interface CreationSite {
  /** Frames outside Node and outside the leak check, innermost first. */
  readonly frames: readonly string[]
  /** The call that made it stands in Node itself, such as the idle timer of a socket. */
  readonly isInternal: boolean
  /** The test runner made it. */
  readonly isRunner: boolean
}

const SHOWN_FRAMES = 4
const RUNNER = /[\\/]node_modules[\\/](?:@?vitest|tinypool|birpc|vite|mocha|jest[^\\/]*)[\\/]/
const THIS_FOLDER = new URL('.', import.meta.url)
/** The way from a hook, through a public timer function, to its caller. */
const PASSAGE =
  /\((?:node:internal\/(?:async_hooks|timers|util)|node:timers)|\(<anonymous>\)$|node:timers\/promises|node:internal\/timers/

/** Takes the stack of a resource that is being made right now; cheap until it is read. */
export function captureSite(): Error {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 30
  const site = new Error('created here')
  Error.stackTraceLimit = limit
  return site
}

/** Tells who made a resource from the stack that was captured. */
export function readSite(captured: Error): CreationSite {
  const frames = (captured.stack ?? '')
    .split('\n')
    .slice(1)
    .map((line) => line.trim())
    .filter((line) => !isOwn(line))
  const outside = frames.filter((frame) => !/\(?node:/.test(frame) && !frame.endsWith('(<anonymous>)'))
  const caller = frames.find((frame) => !PASSAGE.test(frame))
  return {
    frames: outside.slice(0, SHOWN_FRAMES),
    isInternal: caller === undefined || /\(?node:/.test(caller),
    isRunner: outside[0] !== undefined && RUNNER.test(outside[0]),
  }
}

function isOwn(frame: string): boolean {
  return frame.includes(THIS_FOLDER.href) || frame.includes(THIS_FOLDER.pathname)
}
