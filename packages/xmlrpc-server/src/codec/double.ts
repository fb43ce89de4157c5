/**
 * A number that is a `<double>` on the wire whatever its value: a plain `5` is sent as an integer, and a device that
 * wants a float refuses it.
 */
export class XmlRpcDouble {
  readonly value: number

  constructor(value: number) {
    this.value = value
  }

  valueOf(): number {
    return this.value
  }

  toJSON(): number {
    return this.value
  }
}

/** Marks a number as an XML-RPC double: `double(5)` travels as `<double>5.0</double>`. */
export function double(value: number): XmlRpcDouble {
  return new XmlRpcDouble(value)
}

const SCIENTIFIC = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/

/**
 * The shortest decimal text that reads back as the same double, without an exponent (the specification has none) and
 * with a fraction (some peers take `5` for an integer). The value must be finite.
 */
export function formatDouble(value: number): string {
  if (Object.is(value, -0)) return '-0.0'
  const shortest = String(value)
  const match = SCIENTIFIC.exec(shortest)
  if (match === null) return shortest.includes('.') ? shortest : `${shortest}.0`
  const [, sign = '', lead = '', fraction = '', exponentText = ''] = match
  const exponent = Number(exponentText)
  const digits = lead + fraction
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`
  return `${sign}${digits.padEnd(exponent + 1, '0')}.0`
}
