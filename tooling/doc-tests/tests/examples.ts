/** A fenced `js` block of a document. */
export interface Example {
  /** 1-based line of its first line of code. */
  readonly line: number
  readonly code: string
  /** What it says it prints, in order: the comments that begin with `// →`. */
  readonly prints: readonly string[]
  /** The reason after `js no-run`, for a fragment that needs a device nobody fakes. */
  readonly notRun: string | undefined
}

const FENCE = /^```(\S*)\s*(.*)$/

/** The `js` examples of a Markdown text. */
export function examplesOf(markdown: string): Example[] {
  const examples: Example[] = []
  const lines = markdown.split('\n')
  for (let index = 0; index < lines.length; index++) {
    const [, language, info] = FENCE.exec(lines[index] ?? '') ?? []
    if (language === undefined || language === '') continue
    const end = lines.indexOf('```', index + 1)
    if (end < 0) throw new Error(`line ${index + 1}: the fence is never closed`)
    if (language === 'js') {
      const code = lines.slice(index + 1, end)
      examples.push({
        line: index + 2,
        code: code.join('\n'),
        prints: code.flatMap((line) => /\/\/ → (.*)$/.exec(line)?.[1] ?? []),
        notRun: info?.startsWith('no-run') === true ? info.slice('no-run'.length).trim() : undefined,
      })
    }
    index = end
  }
  return examples
}

/** The first of `expected` that does not stand, in order, in one of the lines of `output`. */
export function missingLine(expected: readonly string[], output: string): string | undefined {
  const lines = output.split('\n')
  let from = 0
  for (const text of expected) {
    const found = lines.findIndex((line, index) => index >= from && line.includes(text))
    if (found < 0) return text
    from = found + 1
  }
  return undefined
}
