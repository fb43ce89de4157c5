import type { MetricColumn } from './metric-table.ts'

type Fields<S> = { readonly [K in keyof S as S[K] extends number ? K : never]?: string }

/** Counters that are fields of the same name. */
export function counters<S extends object>(help: Fields<S>): MetricColumn<S>[] {
  return columns('counter', help)
}

/** Gauges that are fields of the same name. */
export function gauges<S extends object>(help: Fields<S>): MetricColumn<S>[] {
  return columns('gauge', help)
}

function columns<S extends object>(type: 'counter' | 'gauge', help: Fields<S>): MetricColumn<S>[] {
  return Object.entries<string | undefined>(help).map(([field, text = '']) => ({
    name: type === 'counter' ? `${snakeCase(field)}_total` : snakeCase(field),
    help: text,
    type,
    read: (stats) => (stats as Readonly<Record<string, number>>)[field],
  }))
}

function snakeCase(field: string): string {
  return field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
