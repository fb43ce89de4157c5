import type { Context } from 'hono'
import { safeParse } from 'valibot'
import { ApiProblem } from './problem.ts'
import type { BodySchema } from './schemas.ts'

/**
 * Reads a JSON body of at most `maxBytes` and checks it, by a schema that may depend on it.
 *
 * @throws ApiProblem
 */
export async function readJsonBody<T>(
  context: Context,
  schema: BodySchema<T> | ((body: unknown) => BodySchema<T>),
  maxBytes: number,
): Promise<T> {
  const type = context.req.header('content-type') ?? ''
  // a page of another site can send a few types without asking first, and this is none of them
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new ApiProblem(
      'FAKE_MEDIA_TYPE',
      `the body is ${type === '' ? 'of no stated type' : type}; send application/json`,
    )
  }
  const body = parse(await readText(context, maxBytes))
  const result = safeParse(typeof schema === 'function' ? schema(body) : schema, body)
  if (result.success) return result.output
  const [issue] = result.issues
  const path = issue.path?.map(({ key }) => String(key)).join('.') ?? ''
  throw new ApiProblem('FAKE_BAD_REQUEST', issue.message, path)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new ApiProblem('FAKE_BAD_JSON', `the body is no JSON: ${(error as Error).message}`)
  }
}

async function readText(context: Context, maxBytes: number): Promise<string> {
  const tooLarge = new ApiProblem('FAKE_BODY_TOO_LARGE', `the body has more than ${maxBytes} bytes; send less at once`)
  if (Number(context.req.header('content-length') ?? 0) > maxBytes) throw tooLarge
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of context.req.raw.body ?? []) {
    size += (chunk as Uint8Array).length
    if (size > maxBytes) throw tooLarge
    chunks.push(chunk as Uint8Array)
  }
  return Buffer.concat(chunks).toString('utf8')
}
