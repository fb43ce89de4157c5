import { UNTYPED_TAG } from './wire-value.ts'

/** How a document's text becomes bytes. The interfaces of a CCU use ISO 8859-1, Homegear UTF-8. */
export type XmlEncoding = 'iso-8859-1' | 'utf-8'

/** All encodings, for choosing one. */
export const XML_ENCODINGS: readonly XmlEncoding[] = ['iso-8859-1', 'utf-8']

/** How documents are written. */
export interface WireStyle {
  readonly encoding: XmlEncoding
  /** Whether the XML declaration names the encoding. */
  readonly declaresEncoding: boolean
  /** Texts stand in `<value>` without `<string>`; an empty one is `<value></value>`. */
  readonly untypedStrings: boolean
  /** Whole numbers are `<i4>`, not `<int>`. */
  readonly i4: boolean
  /** An empty element is an opening and a closing tag, never `<data/>`. */
  readonly openTags: boolean
}

const UNTYPED = new RegExp(`</?${UNTYPED_TAG}>`, 'g')

/** Rewrites a document of the library, whose texts are all escaped and which has no CDATA. */
export function applyStyle(xml: string, { untypedStrings, i4, openTags }: WireStyle): string {
  let styled = xml.replaceAll(UNTYPED, '')
  if (untypedStrings) styled = styled.replaceAll(/<\/?string>|<string\/>/g, '')
  if (i4) styled = styled.replaceAll(/<(\/?)int>/g, '<$1i4>')
  // what lost its content closes itself only when so written
  if (untypedStrings || openTags) styled = styled.replaceAll(/<([A-Za-z\d.]+)\/>/g, '<$1></$1>')
  return styled
}
