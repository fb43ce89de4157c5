/** The single-byte encodings that the codec knows besides US-ASCII. */
export type SingleByteEncoding = 'iso-8859-1' | 'iso-8859-15' | 'windows-1252'

const LATIN_9: ReadonlyMap<number, number> = new Map([
  [0xa4, 0x20ac],
  [0xa6, 0x160],
  [0xa8, 0x161],
  [0xb4, 0x17d],
  [0xb8, 0x17e],
  [0xbc, 0x152],
  [0xbd, 0x153],
  [0xbe, 0x178],
])

// 0 where Windows-1252 assigns nothing.
const CP1252_80_TO_9F = [
  0x20ac, 0, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0, 0x17d, 0, 0, 0x2018,
  0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc, 0x2122, 0x161, 0x203a, 0x153, 0, 0x17e, 0x178,
]

const CP1252: ReadonlyMap<number, number> = new Map(CP1252_80_TO_9F.map((code, index) => [index + 0x80, code]))

const NONE: ReadonlyMap<number, number> = new Map()

/** Where an encoding differs from ISO-8859-1: code point by byte, 0 where the byte means nothing. */
const DIFFERENCES: Readonly<Record<SingleByteEncoding, ReadonlyMap<number, number>>> = {
  'iso-8859-1': NONE,
  'iso-8859-15': LATIN_9,
  'windows-1252': CP1252,
}

const PATTERNS: Readonly<Record<SingleByteEncoding, RegExp | undefined>> = {
  'iso-8859-1': undefined,
  'iso-8859-15': /[\u00a4\u00a6\u00a8\u00b4\u00b8\u00bc-\u00be]/g,
  // oxlint-disable-next-line no-control-regex -- these are the bytes that Windows assigned letters to
  'windows-1252': /[\u0080-\u009f]/g,
}

/** What stands for a byte that means nothing in its encoding: no XML document may contain it. */
export const UNASSIGNED = '\uffff'

/** Decodes bytes of which each is one character. An unassigned byte becomes {@link UNASSIGNED}. */
export function decodeSingleByte(bytes: Buffer, encoding: SingleByteEncoding): string {
  const text = bytes.toString('latin1')
  const pattern = PATTERNS[encoding]
  if (pattern === undefined) return text
  return text.replace(pattern, (byte) => {
    const code = DIFFERENCES[encoding].get(byte.charCodeAt(0)) ?? 0
    return code === 0 ? UNASSIGNED : String.fromCharCode(code)
  })
}

const REVERSE: Readonly<Record<SingleByteEncoding, ReadonlyMap<number, number>>> = {
  'iso-8859-1': NONE,
  'iso-8859-15': reverse(LATIN_9),
  'windows-1252': reverse(CP1252),
}

function reverse(differences: ReadonlyMap<number, number>): ReadonlyMap<number, number> {
  return new Map([...differences].map(([byte, code]) => [code, byte]))
}

/** The bytes of a text of which each character {@link singleByteOf} has one. */
export function encodeSingleByte(text: string, encoding: SingleByteEncoding): Buffer {
  if (encoding === 'iso-8859-1') return Buffer.from(text, 'latin1')
  const bytes = text.replace(/[\u0080-\uffff]/g, (letter) => {
    return String.fromCharCode(singleByteOf(letter.charCodeAt(0), encoding))
  })
  return Buffer.from(bytes, 'latin1')
}

/** The byte of a character, or -1 when the encoding has none. */
export function singleByteOf(codePoint: number, encoding: SingleByteEncoding): number {
  const byte = REVERSE[encoding].get(codePoint)
  if (byte !== undefined) return byte
  return codePoint < 256 && !DIFFERENCES[encoding].has(codePoint) ? codePoint : -1
}
