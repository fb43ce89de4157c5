import { runTask, type TaskMessage, type TaskOutcome } from './run-task.ts'

/** The entry of the threads of a piscina pool. */
export default async function run(message: TaskMessage): Promise<TaskOutcome> {
  const { outcome, transfer } = await runTask(message)
  if (transfer.length === 0) return outcome
  const { move, transferableSymbol, valueSymbol } = await import('piscina')
  return move({ [transferableSymbol]: transfer, [valueSymbol]: outcome }) as unknown as TaskOutcome
}
