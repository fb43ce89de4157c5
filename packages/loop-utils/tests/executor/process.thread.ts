import { register } from 'node:module'
import type { WorkerCrashedError } from '../../src/errors/index.ts'
import { defaultExecutor, PoolExecutor, runInExecutor } from '../../src/executor/index.ts'

// The main script of a process of its own.

const module = new URL('./tasks.thread.js', import.meta.url)
const add = { module, export: 'add' }

const scripts: Readonly<Record<string, () => Promise<void>>> = {
  /** Leaves two executors idle and open. */
  async idle() {
    console.log(await new PoolExecutor({ maxThreads: 1 }).run(add, [1, 2]))
    console.log(await runInExecutor(add, [3, 4]))
  },
  /** To be run with flags that let no thread start. */
  async withoutThreads() {
    const pool = new PoolExecutor({
      maxThreads: 1,
      onError: (error) => console.log('told of', (error as Error).message),
    })
    for (let turn = 0; turn < 2; turn++) {
      const error = (await pool.run(add, [1, 2]).catch((reason: unknown) => reason)) as WorkerCrashedError
      console.log(error.code, error.maybeExecuted)
    }
    await pool.close()
  },
  async withoutPiscina() {
    const hooks = `export async function resolve(specifier, context, next) {
      if (specifier !== 'piscina') return next(specifier, context)
      throw Object.assign(new Error('no piscina'), { code: 'ERR_MODULE_NOT_FOUND' })
    }`
    register(`data:text/javascript,${encodeURIComponent(hooks)}`)
    for (const error of await Promise.all(
      [1, 2].map((n) => runInExecutor(add, [n, n]).catch((reason: unknown) => reason)),
    )) {
      const { code, message, cause } = error as Error & { code: string; cause: { code: string } }
      console.log(code, message, cause.code)
    }
    await defaultExecutor().close()
  },
}

await scripts[process.argv[2] ?? '']?.()
