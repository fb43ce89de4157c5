import type { Random } from '@x/loop-utils/clock'

/** A document that is meant to be a call or a response. */
export interface Document {
  readonly kind: 'call' | 'response'
  readonly bytes: Uint8Array
}

const TEXTS = [
  '',
  ' ',
  'Küche 21 °C',
  '\u{1f600}€ß',
  'a\tb\nc',
  '\r\n',
  ']] >',
  'x'.repeat(300),
  '__proto__',
  'BidCos-RF',
  '5',
  '<&>"\'',
]
const NAMES = ['ADDRESS', 'VALUE', '', '__proto__', 'a b', 'ü', 'faultCode', '<&>', 'VALUE']
const METHODS = ['event', 'newDevices', 'system.multicall', 'a:b/c_d.9', 'constructor', 'x']

/** Texts of scalars, good ones and bad. */
const SCALARS: Readonly<Record<string, readonly string[]>> = {
  int: [
    '0',
    '-1',
    '+7',
    '007',
    ' 12 ',
    '\n42\n',
    '2147483648',
    '9007199254740993',
    '9223372036854775808',
    '1.5',
    '0x10',
    '1_000',
    '٣',
    '',
    '-0',
    '--1',
    '1 2',
  ],
  i4: ['1', '-2147483648', '', '1e3', '999999999999999999999999'],
  i8: ['-9223372036854775808', '9223372036854775807', '5'],
  i1: ['127', '-128', '128'],
  'ex:i2': ['32767', '-32769', ' 3 '],
  'ex:i8': ['1', '12345678901234'],
  biginteger: ['123456789012345678901234567890', '-5', '1.0', '1_0', '٣'],
  boolean: ['0', '1', 'true', 'false', ' 1 ', '', '2', '01'],
  double: [
    '0',
    '-0.0',
    '1.5',
    '.5',
    '5.',
    '1e300',
    '1E-7',
    '1e999',
    'inf',
    'NaN',
    '1,5',
    '',
    '+2.25',
    '1_0.5',
    ' 3.5 ',
    '0x1p3',
    '123456789.123456789',
  ],
  float: ['1.5', '-2', 'inf', '1_0'],
  'ex:bigdecimal': ['1.25', '1e2', '12345678901234567890.5', 'NaN', '1e999'],
  string: TEXTS,
  'dateTime.iso8601': [
    '20240229T23:59:59',
    '20230229T00:00:00',
    '2024-01-02T03:04:05Z',
    '20240102T030405',
    '20240102T24:00:00',
    '20240102T24:00:01',
    'garbage',
    '',
    '20240102T03:04:05.123+02:00',
    ' 20240102T03:04:05 ',
    '20241301T00:00:00',
    '2024-0102T03:04:05',
    '20240102T03:04:05+2500',
  ],
  'ex:dateTime': ['20240102T03:04:05'],
  base64: ['', 'AA==', 'AAA=', 'AAAA', 'AA', 'A', 'A=', 'AA=A', 'A A\nA A', 'AA=', '!AA==', 'AAAA====', '_-AA'],
  nil: ['', ' ', 'x'],
  'ex:nil': [''],
  serializable: ['x'],
}
const SCALAR_TYPES = Object.keys(SCALARS)

const ENCODINGS = [
  'utf-8',
  'UTF-8',
  'iso-8859-1',
  'ISO-8859-15',
  'windows-1252',
  'us-ascii',
  'utf-16',
  'koi8-r',
  'bogus',
]

/** Writes documents at random, most of them sound: in the forms that peers use, and in some that nobody should. */
export class DocumentWriter {
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  write(): Document {
    const kind = this.#chance(0.8) ? 'call' : 'response'
    const text = this.#prolog() + (kind === 'call' ? this.#call() : this.#response()) + this.#epilog()
    return { kind, bytes: this.#encode(text) }
  }

  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random() * from.length)] as T
  }

  #chance(probability: number): boolean {
    return this.#random() < probability
  }

  #some(write: () => string, most: number): string {
    return Array.from({ length: Math.floor(this.#random() * (most + 1)) }, write).join(this.#gap())
  }

  #gap(): string {
    if (this.#chance(0.7)) return ''
    return this.#pick([' ', '\n', '\r\n', '\t ', '<!-- c -->', '<?p i?>', '\n  '])
  }

  #prolog(): string {
    const quote = this.#pick(['"', "'"])
    const lead = this.#chance(0.03) ? this.#pick([' ', '\n', '\ufeff']) : ''
    const doctype = this.#chance(0.02) ? this.#pick(['<!DOCTYPE methodCall>', '<!DOCTYPE a [<!ENTITY b "c">]>']) : ''
    return `${lead}${this.#chance(0.6) ? `<?xml version=${quote}1.0${quote}?>` : ''}${this.#gap()}${doctype}`
  }

  #epilog(): string {
    return this.#chance(0.9) ? '' : this.#pick(['\n', '\0', '\0\0\n', '<!-- end -->', 'x', '<a/>', ' '])
  }

  #call(): string {
    const params = this.#chance(0.9)
      ? this.#element(
          'params',
          this.#some(() => this.#param(), 3),
        )
      : ''
    const name = this.#chance(0.97) ? this.#pick(METHODS) : this.#pick(['', ' event ', 'ü', 'a b', 'm'.repeat(256)])
    return this.#element('methodCall', `${this.#gap()}${this.#element('methodName', name)}${this.#gap()}${params}`)
  }

  #response(): string {
    if (this.#chance(0.8)) return this.#element('methodResponse', this.#element('params', this.#param()))
    const member = (name: string, value: string): string =>
      `<member><name>${name}</name><value>${value}</value></member>`
    const code = this.#pick(['<int>-32601</int>', '<i4>4</i4>', '<double>4.0</double>', '<double>4.5</double>', 'x'])
    const text = this.#pick(['', 'gone', '<string>Küche</string>', '<nil/>', '<int>4</int>'])
    const members = `${member('faultCode', code)}${member('faultString', text)}`
    return this.#element('methodResponse', `<fault><value><struct>${members}</struct></value></fault>`)
  }

  #param(): string {
    return this.#element('param', `${this.#gap()}${this.#value(0)}${this.#gap()}`)
  }

  #value(depth: number): string {
    return this.#element('value', this.#chance(0.2) ? this.#text(this.#pick(TEXTS)) : this.#typed(depth))
  }

  #typed(depth: number): string {
    const isNested = depth < 4 && this.#chance(0.35)
    if (depth === 0 && this.#chance(0.005)) return this.#deep()
    if (!isNested) return `${this.#gap()}${this.#scalar()}${this.#gap()}`
    if (this.#chance(0.5))
      return this.#element(
        'array',
        this.#element(
          'data',
          this.#some(() => this.#value(depth + 1), 4),
        ),
      )
    return this.#element(
      'struct',
      this.#some(() => this.#member(depth + 1), 4),
    )
  }

  /** Nested about as deep as is allowed. */
  #deep(): string {
    const levels = this.#pick([127, 128, 129, 140])
    return `${'<array><data><value>'.repeat(levels)}x${'</value></data></array>'.repeat(levels)}`
  }

  #member(depth: number): string {
    const parts = [this.#element('name', this.#text(this.#pick(NAMES))), this.#value(depth)]
    if (this.#chance(0.05)) parts.reverse()
    return this.#element('member', parts.join(this.#gap()))
  }

  #scalar(): string {
    const type = this.#chance(0.3) ? 'string' : this.#pick(SCALAR_TYPES)
    const texts = SCALARS[type] as readonly string[]
    // the first of a type is sound
    const text = this.#chance(0.75) ? (texts[0] as string) : this.#pick(texts)
    return this.#element(type, this.#text(text))
  }

  #element(tag: string, content: string): string {
    if (content === '' && this.#chance(0.3)) return `<${tag}/>`
    const attribute = this.#chance(0.01) ? this.#pick([' a="b"', ' xmlns="urn:x"', ' ', " a='<'"]) : ''
    return `<${tag}${attribute}>${content}</${tag}>`
  }

  #text(text: string): string {
    if (this.#chance(0.1) && !text.includes(']]>')) return `<![CDATA[${text}]]>`
    const escaped = text.replace(/[<&>]/g, (character) => ({ '<': '&lt;', '&': '&amp;' })[character] ?? '&gt;')
    if (!this.#chance(0.1)) return escaped
    const code = this.#pick([65, 228, 0x20ac, 0x1f600, 13, 0, 0xfffe, 0xd800, 8])
    return `${escaped}${this.#pick([`&#${code};`, `&#x${code.toString(16)};`, '&apos;', '&quot;', '&nbsp;', '&'])}`
  }

  #encode(text: string): Uint8Array {
    if (this.#chance(0.7)) return Buffer.from(text)
    const encoding = this.#pick(ENCODINGS)
    const declared = text.replace(/<\?xml[^>]*\?>/, `<?xml version="1.0" encoding="${encoding}"?>`)
    if (encoding === 'utf-16') return Buffer.from(`\ufeff${declared}`, 'utf16le')
    return Buffer.from(declared, /8859|125|koi|bogus/i.test(encoding) ? 'latin1' : 'utf8')
  }
}
