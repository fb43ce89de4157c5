import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

function read(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
}

/** The options that an interface declares. */
function declared(path: string, name: string): string[] {
  const [, body = ''] = read(path).split(new RegExp(`export interface ${name}\\b[^{]*\\{`))
  return Array.from(
    body.slice(0, body.indexOf('\n}')).matchAll(/^ {2}readonly (\w+)\??:/gm),
    ([, option = '']) => option,
  )
}

const FOR_TESTS = new Set(['engineHost'])
const SERVER = [
  ...declared('src/server/server-options.ts', 'XmlRpcServerOptions'),
  ...declared('src/server/queue-options.ts', 'ServerQueueOptions'),
  ...declared('src/server/access-options.ts', 'ServerAccessOptions'),
].filter((option) => !FOR_TESTS.has(option))

/** Options of which everybody knows what they are for. */
const SELF_EVIDENT = new Set(['host', 'port', 'threadEntry'])

describe('the documents', () => {
  it('know options at all', () => {
    expect(SERVER.length).toBeGreaterThan(30)
    expect(SERVER).toContain('maxBodyBytes')
    expect(SERVER).toContain('coalesce')
    expect(SERVER).toContain('tls')
  })

  it('list every option of the server in the README', () => {
    const text = read('README.md')
    expect(SERVER.filter((option) => !text.includes(`| \`${option}\` |`))).toEqual([])
  })

  it('say what every option of the server defends against', () => {
    const text = read('docs/options.md')
    const missing = SERVER.filter(
      (option) => !SELF_EVIDENT.has(option) && !new RegExp(`^\\|.*\`${option}\\b`, 'm').test(text),
    )
    expect(missing).toEqual([])
  })

  it('list every code of an error in the README', () => {
    const text = read('README.md')
    const sources = ['codec/fault', 'codec/encode-error', 'codec/protocol-error', 'server/server-conflict-error']
    sources.push('server/switch-error', 'registration/registration-errors', 'registration/callback-address')
    sources.push('engine/bind-error', 'client/client-errors')
    const codes = new Set(sources.flatMap((source) => read(`src/${source}.ts`).match(/XMLRPC_[A-Z_]+/g) ?? []))
    expect(codes.size).toBeGreaterThan(10)
    expect([...codes].filter((code) => !text.includes(`| \`${code}\` |`))).toEqual([])
  })
})
