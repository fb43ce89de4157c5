import { PoolCrash, type PoolJob, type WorkerPool } from '../../src/executor/index.ts'
import { runTask, type TaskMessage } from '../../src/executor/run-task.ts'

/** A pool of another make: its jobs run on this thread. */
export class LoopPool implements WorkerPool {
  readonly maxThreads = 1
  readonly log: string[] = []
  /** What it was given to run. */
  readonly messages: TaskMessage[] = []

  async run({ kill, message }: PoolJob): Promise<unknown> {
    const killed = new Promise<never>((_, reject) => {
      kill.addEventListener('abort', () => reject(new PoolCrash(1, undefined)), { once: true })
    })
    this.log.push('run')
    this.messages.push(message as TaskMessage)
    const { outcome } = await Promise.race([runTask(message as TaskMessage), killed])
    return outcome
  }

  close(): Promise<void> {
    this.log.push('close')
    return Promise.resolve()
  }
}
