import { readdirSync, readFileSync } from 'node:fs'
import { extname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A file of the page. */
export interface PageFile {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly type: string
  /** Its name carries a hash of its content. */
  readonly isImmutable: boolean
}

/** Where the build puts the page; the same place, seen from the sources and from what is built of them. */
export const PAGE_FOLDER: URL = new URL('../../dist/web/', import.meta.url)

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
}

/**
 * Reads the files of the built page, by the path under which they are served. Requests are answered from this list, so
 * no request reaches the file system. Empty when the page was not built.
 */
export function readPageFiles(folder: URL = PAGE_FOLDER): ReadonlyMap<string, PageFile> {
  const root = fileURLToPath(folder)
  const files = new Map<string, PageFile>()
  for (const path of listFiles(root)) {
    const served = `/${relative(root, path).split(sep).join('/')}`
    const type = TYPES[extname(path)] ?? 'application/octet-stream'
    const file = { bytes: Uint8Array.from(readFileSync(path)), type, isImmutable: served.startsWith('/assets/') }
    files.set(served, file)
    if (served === '/index.html') files.set('/', file)
  }
  return files
}

function listFiles(root: string): readonly string[] {
  try {
    const entries = readdirSync(root, { recursive: true, withFileTypes: true })
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
