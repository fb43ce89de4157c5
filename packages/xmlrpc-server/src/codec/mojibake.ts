import { isUtf8 } from 'node:buffer'

/**
 * Repairs text whose UTF-8 bytes were read as ISO-8859-1, as happens to names inside documents of a CCU: `KÃ¼che`
 * becomes `Küche`. Text that cannot have come about so is returned as it is.
 */
export function fixMojibake(text: string): string {
  // oxlint-disable-next-line no-control-regex -- all that one byte can be
  if (!/[\u0080-\u00ff]/.test(text) || /[^\u0000-\u00ff]/.test(text)) return text
  const bytes = Buffer.from(text, 'latin1')
  return isUtf8(bytes) ? bytes.toString('utf8') : text
}
