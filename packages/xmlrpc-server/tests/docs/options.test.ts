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

/** Options without which there is nothing, or that are for tests. */
const NEEDED = new Set(['ccu', 'url', 'interfaceId', 'callbackUrl'])

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

  it.each([
    ['a registration', 'src/registration/registration-options.ts', 'CcuRegistrationOptions', 12],
    ['a client', 'src/client/client-options.ts', 'XmlRpcClientOptions', 8],
    ['what a client trusts', 'src/client/client-options.ts', 'ClientTlsOptions', 2],
    ['a switch', 'src/server/switch-report.ts', 'SwitchOptions', 2],
    ['the watch for failures', 'src/server/breaker-settings.ts', 'ServerBreakerOptions', 3],
    ['the decoder', 'src/codec/decode-options.ts', 'DecodeOptions', 10],
    ['the encoder', 'src/codec/encode-options.ts', 'EncodeOptions', 6],
  ])('say what every option of %s defends against', (_, path, name, count) => {
    const options = declared(path, name)
    expect(options.length).toBeGreaterThanOrEqual(count)
    const text = read('docs/options.md')
    const rows = text.split('\n').filter((line) => line.startsWith('| `'))
    const isTold = (option: string): boolean =>
      rows.some((row) => new RegExp(`\\b${option}\\b`).test(row.split(' | ')[0] ?? ''))
    expect(options.filter((option) => !NEEDED.has(option) && !isTold(option))).toEqual([])
  })

  it('say of everything that can be imported what it is for', () => {
    const text = read('README.md')
    const exported = Array.from(read('src/index.ts').matchAll(/^export \{([^}]*)\}/gm), ([, names = '']) =>
      names.split(',').flatMap((name) => /^\s*(?!type\b)(\w+)/.exec(name)?.slice(1) ?? []),
    ).flat()
    expect(exported.length).toBeGreaterThan(25)
    expect(exported.filter((name) => !new RegExp(`\\b${name}\\b`).test(text))).toEqual([])
  })

  it('list every member of healthStatus and every metric in the README', () => {
    const text = read('README.md')
    const members = declared('src/server/server-health.ts', 'ServerHealthStatus')
    expect(members.length).toBeGreaterThan(18)
    expect(members.filter((member) => !text.includes(`\`${member}\``))).toEqual([])
    const metrics = Array.from(
      read('src/engine/health-document.ts').matchAll(/(?:metric\(|name: )'(\w+)'/g),
      ([, metric = '']) => metric,
    )
    expect(metrics.length).toBeGreaterThan(14)
    expect(metrics.filter((metric) => !text.includes(`\`${metric}\``))).toEqual([])
  })

  it('list every code of an error in the README', () => {
    const text = read('README.md')
    const sources = ['codec/fault', 'codec/encode-error', 'codec/protocol-error', 'server/server-conflict-error']
    sources.push('server/switch-error', 'registration/registration-errors', 'registration/callback-address')
    sources.push('engine/bind-error', 'client/client-errors')
    const codes = new Set(sources.flatMap((source) => read(`src/${source}.ts`).match(/XMLRPC_[A-Z_]+/g) ?? []))
    expect(codes.size).toBeGreaterThan(10)
    for (const code of ['LOOP_OPTION', 'LOOP_THREAD_OPTION', 'LOOP_SERVICE_STATE', 'LOOP_FALLBACK_FAILED'])
      codes.add(code)
    expect([...codes].filter((code) => !text.includes(`| \`${code}\` |`))).toEqual([])
  })
})
