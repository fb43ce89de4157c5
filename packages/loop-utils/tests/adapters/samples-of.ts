import { prometheusText, type MetricSource } from '../../src/adapters/index.ts'
import { readExposition } from './exposition-format.ts'

/** Every sample of the page: `name{label="value"}` to its value. */
export function samplesOf(...sources: MetricSource[]): Record<string, number> {
  const samples = readExposition(prometheusText(sources)).flatMap((family) => family.samples)
  return Object.fromEntries(
    samples.map(({ name, labels, value }) => [
      `${name}{${Object.entries(labels)
        .map(([label, text]) => `${label}=${text}`)
        .join(',')}}`,
      value,
    ]),
  )
}

/** How many numbers there are in what `stats()` gives, at any depth. */
export function numbersIn(stats: object): number {
  return Object.values(stats).reduce<number>(
    (sum, value) =>
      sum + (typeof value === 'number' ? 1 : typeof value === 'object' && value !== null ? numbersIn(value) : 0),
    0,
  )
}
