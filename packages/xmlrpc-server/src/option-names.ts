import { checkObject, OptionError } from '@x/loop-utils/errors'

/** A name for each option that there is; made by the type of the options, so that none is forgotten. */
export type OptionNames<O> = Readonly<Record<keyof O & string, unknown>>

/**
 * Refuses options that there are none of: one that is misspelt would else have no effect, without a word.
 *
 * @param path what comes before the names in errors, such as `tls.`
 * @throws OptionError naming the first one, with the option that may have been meant
 */
export function checkOptionNames<O extends object>(options: O, names: OptionNames<O>, path = ''): O {
  checkObject(options, path === '' ? 'options' : path.slice(0, -1))
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || Object.hasOwn(names, name)) continue
    const meant = Object.keys(names).find((known) => isNear(known, name))
    const hint = meant === undefined ? '' : `; did you mean ${meant}?`
    throw new OptionError(`${path}${name}`, value, `options that exist: there is no option of that name${hint}`)
  }
  return options
}

/** Whether one is likely to be the other one misspelt: the same letters, or few to be changed. */
function isNear(known: string, name: string): boolean {
  const [one, other] = [known.toLowerCase(), name.toLowerCase()]
  return distance(one, other) <= Math.min(2, Math.floor(one.length / 3))
}

/** How many letters have to be put in, left out or replaced to make one text of the other (Levenshtein). */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (const [line, letter] of Array.from(one).entries()) {
    const next = [line + 1]
    for (const [column, wanted] of Array.from(other).entries()) {
      const replaced = (row[column] ?? 0) + (letter === wanted ? 0 : 1)
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
