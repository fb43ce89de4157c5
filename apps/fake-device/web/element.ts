/** Makes an element with attributes and children; text stays text. */
export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  made.append(...children)
  return made
}

/** The time of day of an ISO 8601 text, with milliseconds. */
export function timeOf(iso: string): HTMLTimeElement {
  return element('time', { datetime: iso }, iso.slice(11, 23))
}
