/** Where a text stands, in lines and columns from 1. */
export interface TextPosition {
  readonly line: number
  readonly column: number
}

/** The position behind `text`, which begins at `start`. CR, LF and CRLF end lines; columns count UTF-16 units. */
export function positionAfter(text: string, start: TextPosition): TextPosition {
  let { line } = start
  let lastEnd = -1
  const end = text.includes('\r') ? /\r\n?|\n/g : undefined
  for (;;) {
    const next = end === undefined ? indexAfter(text, lastEnd) : nextEnd(end, text)
    if (next < 0) break
    line++
    lastEnd = next
  }
  return { line, column: lastEnd < 0 ? start.column + text.length : text.length - lastEnd + 1 }
}

function indexAfter(text: string, from: number): number {
  const found = text.indexOf('\n', from)
  return found < 0 ? -1 : found + 1
}

function nextEnd(end: RegExp, text: string): number {
  return end.exec(text) === null ? -1 : end.lastIndex
}
