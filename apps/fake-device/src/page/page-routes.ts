import type { Hono } from 'hono'
import { resource } from '../api/resource.ts'
import type { PageFile } from './page-files.ts'

/** The page may load only what this server gives it. */
const POLICY = [
  "default-src 'self'",
  "img-src 'self' data:",
  "style-src 'self' 'unsafe-inline'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

/** Serves the page, or what to do when it was not built. */
export function pageRoutes(app: Hono, files: ReadonlyMap<string, PageFile>): void {
  for (const [path, { bytes, type, isImmutable }] of files) {
    const headers = {
      'Content-Type': type,
      'Content-Length': String(bytes.length),
      'Cache-Control': isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache',
      'Content-Security-Policy': POLICY,
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
    }
    resource(app, path, { GET: () => new Response(bytes, { headers }) })
  }
  if (files.has('/')) return
  const text =
    'The page of the fake-device server was not built; run its build script. The control API is at /api/devices.\n'
  resource(app, '/', { GET: (context) => context.text(text, 503) })
}
