import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** A child process that answers each message with one. */
class Child {
  #process

  constructor(script, ...args) {
    this.#process = fork(fileURLToPath(new URL(script, import.meta.url)), args)
  }

  async next() {
    const waiting = new AbortController()
    const { signal } = waiting
    const gone = once(this.#process, 'exit', { signal }).then(() => ({ error: `a process of the bench ended` }))
    gone.catch(() => {})
    const [answer] = await Promise.race([once(this.#process, 'message', { signal }), gone.then((end) => [end])])
    waiting.abort()
    if (answer.error !== undefined) throw new Error(answer.error)
    return answer
  }

  async ask(message) {
    this.#process.send(message)
    return this.next()
  }

  async [Symbol.asyncDispose]() {
    if (this.#process.exitCode !== null) return
    const exited = once(this.#process, 'exit')
    this.#process.disconnect()
    await exited
  }
}

/** A server of a kind of bench/serve.mjs. */
export async function startServer(kind) {
  const child = new Child('serve.mjs', kind)
  const { port } = await child.next()
  return {
    kind,
    port,
    usage: () => child.ask({}),
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  }
}

/** The load generator. */
export async function startLoad() {
  const child = new Child('load.mjs')
  await child.next()
  return {
    run: (run, server, command = {}) => child.ask({ run, port: server.port, ...command }),
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  }
}

/** Runs `body` with servers of these kinds and a load, and ends them all. */
export async function withServers(kinds, body) {
  const load = await startLoad()
  const servers = []
  try {
    for (const kind of kinds) servers.push(await startServer(kind))
    return await body(load, servers)
  } finally {
    await Promise.all([load, ...servers].map((each) => each[Symbol.asyncDispose]()))
  }
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
