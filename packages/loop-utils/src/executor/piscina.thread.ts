import { runTask, type TaskMessage, type TaskOutcome } from './run-task.ts'

/** What the threads of a piscina pool run. */
export async function runPiscinaTask(message: TaskMessage): Promise<TaskOutcome> {
  const { outcome, transfer } = await runTask(message)
  if (transfer.length === 0) return outcome
  const { move, transferableSymbol, valueSymbol } = await import('piscina')
  const moved = { [transferableSymbol]: transfer, [valueSymbol]: outcome }
  return move(moved as unknown as ArrayBuffer) as unknown as TaskOutcome
}
