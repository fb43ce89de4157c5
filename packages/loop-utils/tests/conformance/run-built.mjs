// Tries every law of the channel on the installed package, in all three ways, without a test runner:
//   node run-built.mjs
import { LoopHost, ThreadHost } from '@x/loop-utils/channel'
import { channelLaws, runChannelLaws, startConformanceWorker } from '@x/loop-utils/testing'

const outcomes = await runChannelLaws({
  loop: (options) => new LoopHost(options),
  'loop, cloned and frozen': (options) => new LoopHost({ ...options, copy: 'clone-and-freeze' }),
  thread: (options) => new ThreadHost({ ...options, entry: () => startConformanceWorker() }),
})
const broken = outcomes.filter(({ isKept }) => !isKept)
for (const { error, host, law } of broken) console.error(`${host}: ${law}\n`, error)
console.log(`${outcomes.length - broken.length} passed, ${broken.length} failed`)
if (broken.length > 0 || outcomes.length !== 3 * channelLaws.length || channelLaws.length === 0) process.exitCode = 1
