import { OptionError } from '../errors/option-error.ts'
import { isThenable } from '../policy/race.ts'

/**
 * What a predicate of the user's has answered. A promise would be true whatever it brings: it is no answer, and what it
 * rejects with is dropped.
 *
 * @throws OptionError naming `option` when it is a promise
 */
export function checkAnswer(option: string, answer: unknown): boolean {
  if (!isThenable(answer)) return Boolean(answer)
  answer.then(undefined, () => undefined)
  throw new OptionError(option, answer, 'a function that answers at once, not by a promise')
}
