import { XmlRpcDateTime } from './date-time.ts'
import { formatDouble, XmlRpcDouble } from './double.ts'
import { XmlRpcEncodeError } from './encode-error.ts'
import type { EncodeRules } from './encode-options.ts'
import { escapeText, UnencodableCharacter } from './text-writing.ts'
import { isStruct, type XmlRpcInput } from './value.ts'

const I32 = 2n ** 31n
const I64 = 2n ** 63n

/** Writes values as `value` elements, one after the other. */
export class ValueWriter {
  /** What was written so far. */
  text = ''
  readonly #rules: EncodeRules
  readonly #path: (string | number)[]
  #depth = 0

  /** `root` names what is written in the path of an error. */
  constructor(root: string, rules: EncodeRules) {
    this.#rules = rules
    this.#path = [root]
  }

  /** @throws XmlRpcEncodeError when the value has no form in the dialect */
  write(value: XmlRpcInput | undefined): void {
    switch (typeof value) {
      case 'string':
        return this.#writeString(value)
      case 'number':
        return this.#writeNumber(value)
      case 'boolean':
        return this.#writeTyped('boolean', value ? '1' : '0')
      case 'bigint':
        return this.#writeInteger(value)
      case 'object':
        return this.#writeObject(value)
      case 'undefined':
      case 'function':
      case 'symbol':
        return this.#refuse(`is ${typeof value}, which XML-RPC has no form for`)
    }
  }

  /** Writes one of several values, naming it by its index in errors. */
  writeAt(index: number, value: XmlRpcInput | undefined): void {
    this.#path.push(index)
    this.write(value)
    this.#path.pop()
  }

  #writeTyped(type: string, content: string): void {
    this.text += `<value><${type}>${content}</${type}></value>`
  }

  #writeString(value: string): void {
    if (value === '' && this.#rules.emptyString !== 'typed') this.text += '<value></value>'
    else this.#writeTyped('string', this.#escape(value))
  }

  #writeNumber(value: number): void {
    if (!Number.isInteger(value) || Object.is(value, -0)) return this.#writeDouble(value)
    if (value >= -(2 ** 31) && value < 2 ** 31) return this.#writeTyped(this.#integerType, String(value))
    if (!Number.isSafeInteger(value)) return this.#writeDouble(value)
    this.#writeInteger(BigInt(value))
  }

  get #integerType(): string {
    return this.#rules.dialect === 'ccu' ? 'i4' : 'int'
  }

  #writeInteger(value: bigint): void {
    if (value >= -I32 && value < I32) return this.#writeTyped(this.#integerType, String(value))
    if (this.#rules.dialect === 'ccu') {
      return this.#refuse(`is ${value}, beyond 32 bits; the ccu dialect has no wider integer, wrap it in double()`)
    }
    if (value < -I64 || value >= I64) this.#refuse('is beyond 64 bits')
    this.#writeTyped('i8', String(value))
  }

  #writeDouble(value: number): void {
    if (Number.isFinite(value)) return this.#writeTyped('double', formatDouble(value))
    if (!this.#rules.nonFiniteDoubles) this.#refuse(`is ${value}; XML-RPC has no such double`)
    this.#writeTyped('double', Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf')
  }

  #writeObject(value: object | null): void {
    if (value === null) return this.#writeNil()
    if (Array.isArray(value)) return this.#writeArray(value)
    if (value instanceof XmlRpcDouble) return this.#writeDouble(value.value)
    if (value instanceof XmlRpcDateTime) return this.#writeTyped('dateTime.iso8601', value.text)
    if (value instanceof Uint8Array) return this.#writeBytes(value)
    if (isStruct(value as XmlRpcInput)) return this.#writeStruct(value as { [member: string]: XmlRpcInput | undefined })
    this.#refuse(`is ${describeObject(value)}`)
  }

  #writeNil(): void {
    if (this.#rules.dialect === 'ccu') this.#refuse('is null, which the ccu dialect has no form for; leave it out')
    this.text += '<value><nil/></value>'
  }

  #writeBytes(bytes: Uint8Array): void {
    this.#writeTyped('base64', Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64'))
  }

  #writeArray(items: readonly XmlRpcInput[]): void {
    this.#enter()
    this.text += '<value><array><data>'
    for (let index = 0; index < items.length; index++) this.writeAt(index, items[index])
    this.text += '</data></array></value>'
    this.#depth--
  }

  #writeStruct(struct: { readonly [member: string]: XmlRpcInput | undefined }): void {
    this.#enter()
    this.text += '<value><struct>'
    for (const name of Object.keys(struct)) {
      const value = struct[name]
      if (value === undefined || (value === '' && this.#rules.emptyString === 'omit')) continue
      this.#path.push(name)
      this.text += `<member><name>${this.#escape(name)}</name>`
      this.write(value)
      this.text += '</member>'
      this.#path.pop()
    }
    this.text += '</struct></value>'
    this.#depth--
  }

  #enter(): void {
    if (++this.#depth > this.#rules.maxDepth) {
      this.#refuse(`is nested deeper than ${this.#rules.maxDepth} levels, or contains itself`)
    }
  }

  #escape(text: string): string {
    try {
      return escapeText(text, this.#rules)
    } catch (error) {
      if (error instanceof UnencodableCharacter) return this.#refuse(error.message)
      throw error
    }
  }

  #refuse(problem: string): never {
    const [root, ...rest] = this.#path.slice(0, 16)
    const path = rest.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part.slice(0, 40)}`)).join('')
    throw new XmlRpcEncodeError(`${root}${path}${this.#path.length > 16 ? '…' : ''}`, problem)
  }
}

function describeObject(value: object): string {
  if (Object.prototype.toString.call(value) === '[object Date]') {
    return 'a Date; XML-RPC carries a wall clock without a zone, give XmlRpcDateTime.fromEpochMs()'
  }
  const { constructor }: { constructor?: unknown } = value
  const name = typeof constructor === 'function' && constructor.name !== '' ? constructor.name : 'a class'
  return `an instance of ${name}; give a plain object, an array, a Uint8Array or an XmlRpcDateTime`
}
