import type { CcuQuirks } from '../quirks.ts'
import type { WireResponse } from '../wire/xml.ts'

const EMPTY_STRING = Buffer.from('<string></string>')

/** What a strict interface process has against an answer; undefined when it takes it. */
export function refuseAnswer(
  method: string,
  { bytes, answer }: { readonly bytes: Buffer; readonly answer: WireResponse },
  { refusesEmptyString, refusesTextForLists }: CcuQuirks,
): string | undefined {
  if (refusesEmptyString && bytes.includes(EMPTY_STRING)) {
    return 'the answer has <string></string>, which the reader of this interface does not take'
  }
  if (!refusesTextForLists || method !== 'listDevices' || !('value' in answer)) return undefined
  const entry = asList(answer.value).find((each) => isText(each, 'CHILDREN') || isText(each, 'PARAMSETS'))
  if (entry === undefined) return undefined
  return 'the answer has a text for CHILDREN or PARAMSETS, where this interface expects a list'
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function isText(entry: unknown, member: string): boolean {
  return typeof (entry as Readonly<Record<string, unknown>> | null)?.[member] === 'string'
}
