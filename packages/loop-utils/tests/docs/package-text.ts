import { readdirSync, readFileSync } from 'node:fs'

const root = new URL('../../', import.meta.url)

/** A file of this package. */
export function read(path: string): string {
  return readFileSync(new URL(path, root), 'utf8')
}

/** The documents of this package by their paths. */
export function documents(): Map<string, string> {
  const pages = readdirSync(new URL('docs/', root)).filter((name) => name.endsWith('.md'))
  return new Map(['README.md', ...pages.map((name) => `docs/${name}`)].map((path) => [path, read(path)]))
}

/** The sources of this package by their paths. */
export function sources(): Map<string, string> {
  const files = readdirSync(new URL('src/', root), { recursive: true, encoding: 'utf8' })
  const paths = files.filter((file) => file.endsWith('.ts')).map((file) => `src/${file.replaceAll('\\', '/')}`)
  return new Map(paths.map((path) => [path, read(path)]))
}

/** The anchors of a document's headings, as GitHub makes them. */
export function anchors(text: string): Set<string> {
  const headings = text.matchAll(/^#+ (.*)$/gm)
  return new Set(
    Array.from(headings, ([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}
