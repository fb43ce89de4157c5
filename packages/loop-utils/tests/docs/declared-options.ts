/** One option as an interface declares it. */
export interface DeclaredOption {
  readonly name: string
  readonly isRequired: boolean
  /** What its comment says that the default is, as far as that is one value. */
  readonly defaultValue: string | undefined
}

const INTERFACE = /^export interface (\w+).* \{\n([\s\S]*?)^\}/gm
const OPTION = /(?:^ {2}\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n)?^ {2}readonly (\w+)(\??):/gm
const DEFAULT = /\bDefault:? `?('[^'`]*'|Infinity|true|false|\d[\d ]*(?:\.\d+)?)/

/** The options that the interfaces of a source declare themselves, by the names of the interfaces. */
export function declaredOptions(source: string): Map<string, DeclaredOption[]> {
  const found = new Map<string, DeclaredOption[]>()
  for (const [, name = '', body = ''] of source.matchAll(INTERFACE)) {
    const options = Array.from(body.matchAll(OPTION), ([, comment = '', option = '', mark]) => ({
      name: option,
      isRequired: mark === '',
      defaultValue: plain(DEFAULT.exec(comment.replaceAll(/\s*\n\s*\*\s*/g, ' '))?.[1]),
    }))
    found.set(name, options)
  }
  return found
}

/** A value without what only makes it readable. */
export function plain(value: string | undefined): string | undefined {
  return value?.replaceAll(/[`\s]/g, '')
}
