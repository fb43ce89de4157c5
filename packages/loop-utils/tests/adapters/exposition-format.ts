// A reader of the Prometheus text format 0.0.4, written from the format's description alone:
// https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details

export interface ReadSample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface ReadFamily {
  readonly name: string
  readonly type: string
  readonly help: string
  readonly samples: readonly ReadSample[]
}

const TYPES = new Set(['counter', 'gauge', 'histogram', 'summary', 'untyped'])

/** Reads a page; throws with the number of the line that breaks a rule. */
export function readExposition(text: string): ReadFamily[] {
  if (text === '') return []
  if (!text.endsWith('\n')) throw new Error('the last line must end with a line feed')
  const reader = new Reader()
  for (const [index, line] of text.slice(0, -1).split('\n').entries()) {
    const fault = reader.read(line)
    if (fault !== undefined) throw new Error(`line ${index + 1}: ${fault}: ${line}`)
  }
  for (const family of reader.families) if (family.type === 'histogram') checkHistogram(family)
  return reader.families
}

interface Family extends ReadFamily {
  type: string
  help: string
  readonly samples: ReadSample[]
}

class Reader {
  readonly families: Family[] = []
  readonly #seen = new Set<string>()

  /** Takes one line; returns which rule it breaks. */
  read(line: string): string | undefined {
    if (line === '') return undefined
    const comment = /^# (HELP|TYPE) ([A-Za-z_:][A-Za-z0-9_:]*) (.*)$/.exec(line)
    if (comment !== null) return this.#readComment(comment[1] ?? '', comment[2] ?? '', comment[3] ?? '')
    return line.startsWith('#') ? undefined : this.#readSample(readSample(line))
  }

  #readComment(kind: string, name: string, rest: string): string | undefined {
    let family = this.families.find((one) => one.name === name)
    if (family === undefined) {
      family = { name, type: '', help: '', samples: [] }
      this.families.push(family)
    } else if (family !== this.families.at(-1)) {
      return 'the lines of a metric stand apart'
    }
    if (family.samples.length > 0) return `${kind} after the first sample`
    return kind === 'TYPE' ? setType(family, rest) : setHelp(family, rest)
  }

  #readSample(sample: ReadSample): string | undefined {
    const family = this.families.at(-1)
    if (family === undefined || !belongs(sample.name, family)) return 'a sample outside of its metric'
    const key = `${sample.name}${keyOf(sample.labels)}`
    if (this.#seen.has(key)) return 'the same sample twice'
    this.#seen.add(key)
    family.samples.push(sample)
    return undefined
  }
}

function setType(family: Family, type: string): string | undefined {
  if (family.type !== '') return 'a second TYPE'
  if (!TYPES.has(type)) return 'an unknown type'
  family.type = type
  return undefined
}

function setHelp(family: Family, help: string): string | undefined {
  if (family.help !== '') return 'a second HELP'
  family.help = unescapeText(help, false)
  return undefined
}

function keyOf(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(
    Object.keys(labels)
      .sort()
      .map((label) => [label, labels[label]]),
  )
}

function belongs(name: string, { name: family, type }: ReadFamily): boolean {
  if (type !== 'histogram') return name === family
  return ['_bucket', '_sum', '_count'].some((suffix) => name === family + suffix)
}

function readSample(line: string): ReadSample {
  const name = /^[A-Za-z_:][A-Za-z0-9_:]*/.exec(line)?.[0]
  if (name === undefined) throw new Error(`no metric name: ${line}`)
  let position = name.length
  const labels: Record<string, string> = {}
  if (line[position] === '{') {
    position++
    while (line[position] !== '}') {
      const label = /^([A-Za-z_][A-Za-z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,?)/.exec(line.slice(position))
      if (label === null) throw new Error(`no label at ${position}: ${line}`)
      const [whole, key = '', value = '', comma] = label
      if (key in labels) throw new Error(`label ${key} twice: ${line}`)
      labels[key] = unescapeText(value, true)
      position += whole.length
      if (comma === '' && line[position] !== '}') throw new Error(`no comma at ${position}: ${line}`)
    }
    position++
  }
  const rest = /^ (NaN|[+-]Inf|[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?: -?\d+)?$/.exec(line.slice(position))
  if (rest === null) throw new Error(`no value at ${position}: ${line}`)
  return { name, labels, value: Number((rest[1] ?? '').replace('Inf', 'Infinity')) }
}

function unescapeText(text: string, isLabel: boolean): string {
  return text.replaceAll(/\\(.)/g, (_, letter: string) => {
    if (letter === 'n') return '\n'
    if (letter === '\\' || (letter === '"' && isLabel)) return letter
    throw new Error(`the escape \\${letter}`)
  })
}

/** Buckets rise, the last one is +Inf and equals the count. */
function checkHistogram({ name, samples }: ReadFamily): void {
  const series = new Map<string, ReadSample[]>()
  for (const sample of samples) {
    const labels = Object.fromEntries(Object.entries(sample.labels).filter(([label]) => label !== 'le'))
    const key = keyOf(labels)
    series.set(key, [...(series.get(key) ?? []), sample])
  }
  for (const [key, members] of series) {
    const buckets = members.filter((sample) => sample.name === `${name}_bucket`)
    const count = members.find((sample) => sample.name === `${name}_count`)?.value
    const bounds = buckets.map(({ labels }) => Number(labels['le']?.replace('Inf', 'Infinity')))
    const rises = (values: readonly number[]): boolean =>
      values.every((value, index) => index === 0 || value >= (values[index - 1] ?? NaN))
    if (!rises(bounds) || !rises(buckets.map(({ value }) => value))) throw new Error(`${name}${key}: buckets fall`)
    if (bounds.at(-1) !== Infinity || buckets.at(-1)?.value !== count) throw new Error(`${name}${key}: no +Inf bucket`)
    if (!members.some((sample) => sample.name === `${name}_sum`)) throw new Error(`${name}${key}: no sum`)
  }
}
