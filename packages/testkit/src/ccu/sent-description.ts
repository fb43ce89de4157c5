import type { DeviceDescription } from './catalogue/descriptions.ts'
import type { CcuQuirks } from './quirks.ts'

/** A description as it goes over the wire, where a list may be an empty text. */
export interface SentDescription {
  readonly ADDRESS: string
  readonly VERSION: number
  readonly [member: string]: unknown
}

/** Makes of a description what this interface process sends. */
export function present(description: DeviceDescription, { textForLists }: CcuQuirks): SentDescription {
  if (!textForLists) return description
  return description.PARENT === '' ? { ...description, PARAMSETS: '' } : { ...description, CHILDREN: '' }
}
