import { XError } from './x-error.ts'

/**
 * An option of a constructor or function is not usable. Thrown at construction, before anything starts.
 *
 * `option` is the dotted path of the option, `value` a short rendering of what was given, `expected` the admitted
 * range or form.
 */
export class OptionError extends XError {
  override readonly name = 'OptionError'
  readonly code = 'LOOP_OPTION'
  readonly option: string
  readonly value: string
  readonly expected: string

  constructor(option: string, value: unknown, expected: string) {
    const shown = render(value)
    super(`option ${option} is ${shown}; give ${expected}`)
    this.option = option
    this.value = shown
    this.expected = expected
  }
}

function render(value: unknown): string {
  if (typeof value === 'string') return value.length > 60 ? `'${value.slice(0, 57)}…'` : `'${value}'`
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object'
  return String(value)
}
