import type { Context, Hono } from 'hono'
import { ApiProblem } from './problem.ts'

type Handler = (context: Context) => Response | Promise<Response>
type Methods = Partial<Readonly<Record<'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', Handler>>>

/** Serves one path: the given methods, and 405 with `Allow` for all others. */
export function resource(app: Hono, path: string, methods: Methods): void {
  for (const [method, handler] of Object.entries(methods)) app.on(method, path, handler)
  const allowed = Object.keys(methods)
  if (allowed.includes('GET')) allowed.push('HEAD')
  app.all(path, (context) => {
    context.header('Allow', allowed.join(', '))
    throw new ApiProblem(
      'FAKE_METHOD',
      `${context.req.method} is not served here; use ${allowed.join(', ')}`,
      context.req.path,
    )
  })
}

/** A part of the path, which the route names. */
export function pathPart(context: Context, name: string): string {
  return String(context.req.param(name))
}
