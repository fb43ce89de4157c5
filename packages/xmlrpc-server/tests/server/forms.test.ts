import { bothModes } from '@x/testkit/modes'
import { request } from 'node:http'
import { describe, expect } from 'vitest'
import { callDocument } from '../engine/engine-harness.ts'
import { RecordingCentral, startServer } from './server-harness.ts'

/** Posts bytes and gives the bytes of the answer, with what its header says of them. */
function exchange(port: number, body: Uint8Array): Promise<{ bytes: Buffer; type: string | undefined }> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, method: 'POST', agent: false, headers: { 'Content-Type': 'text/xml' } }
    const client = request(options, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve({ bytes: Buffer.concat(chunks), type: response.headers['content-type'] }))
    })
    client.on('error', reject).end(body)
  })
}

const declared = (encoding: string, text: string): string =>
  text.replace('<?xml version="1.0"?>', `<?xml version="1.0" encoding="${encoding}"?>`)

describe('the forms of the answers', () => {
  bothModes('have the encoding that is asked for, and UTF-8 for what it lacks', async (context) => {
    const server = await startServer(context, { answerEncoding: 'iso-8859-1' })
    server.register('umlaut', () => 'Küche')
    server.register('euro', () => '€')
    server.register('broken', () => {
      throw new Error('Küche €')
    })
    const latin = await exchange(server.listenPort, Buffer.from(callDocument('umlaut')))
    expect(latin.type).toBe('text/xml; charset=iso-8859-1')
    expect(latin.bytes.toString('latin1')).toMatch(/^<\?xml version="1.0" encoding="ISO-8859-1"\?>.*<string>Küche</)
    const euro = await exchange(server.listenPort, Buffer.from(callDocument('euro')))
    expect(euro.type).toBe('text/xml; charset=utf-8')
    expect(euro.bytes.toString('utf8')).toMatch(/^<\?xml version="1.0" encoding="UTF-8"\?>.*<string>€</)
    const fault = await exchange(server.listenPort, Buffer.from(callDocument('broken')))
    expect(fault.bytes.toString('latin1')).toContain('Küche ?')
  })

  bothModes('can have the encoding of the request', async (context) => {
    const server = await startServer(context, { answerEncoding: 'as-request' })
    server.register('echo', (text) => text ?? '')
    const call = callDocument('echo', 'Grün')
    const latin = await exchange(server.listenPort, Buffer.from(declared('ISO-8859-1', call), 'latin1'))
    expect(latin.type).toBe('text/xml; charset=iso-8859-1')
    expect(latin.bytes.toString('latin1')).toContain('<string>Grün<')
    const utf8 = await exchange(server.listenPort, Buffer.from(call, 'utf8'))
    expect(utf8.type).toBe('text/xml; charset=utf-8')
    const utf16 = await exchange(server.listenPort, Buffer.from(`\ufeff${declared('UTF-16', call)}`, 'utf16le'))
    expect(utf16.type).toBe('text/xml; charset=utf-8')
    expect(utf16.bytes.toString('utf8')).toContain('<string>Grün<')
  })

  bothModes('write empty strings as asked', async (context) => {
    const answers: string[] = []
    for (const options of [{}, { emptyString: 'typed' }, { emptyString: 'omit' }, { dialect: 'standard' }] as const) {
      const server = await startServer(context, options)
      server.register('names', () => ({ A: '', B: 'b' }))
      answers.push((await exchange(server.listenPort, Buffer.from(callDocument('names')))).bytes.toString())
    }
    const name = (letter: string): string => `<member><name>${letter}</name>`
    expect(answers[0]).toContain(`${name('A')}<value></value></member>`)
    expect(answers[1]).toContain(`${name('A')}<value><string></string></value></member>`)
    expect(answers[2]).not.toContain(name('A'))
    expect(answers[2]).toContain(name('B'))
    expect(answers[3]).toContain(`${name('A')}<value><string></string></value></member>`)
  })
})

describe('what is admitted by option', () => {
  bothModes('are bytes of no declared encoding, and booleans in words', async (context) => {
    const strict = await startServer(context)
    const lenient = await startServer(context, { encodingFallback: 'iso-8859-1', lenientBooleans: true })
    const central = new RecordingCentral('hub', 'rf')
    lenient.addCentral(central)
    const bytes = Buffer.from(callDocument('event', 'rf', 'A:1', 'NAME', 'Gerät'), 'latin1')
    const word = Buffer.from(callDocument('event', 'rf', 'A:1', 'STATE', '<boolean>true</boolean>'))
    for (const body of [bytes, word]) {
      expect((await exchange(strict.listenPort, body)).bytes.toString()).toContain('not an XML-RPC call')
      expect((await exchange(lenient.listenPort, body)).bytes.toString()).toContain('<boolean>1</boolean>')
    }
    await expect.poll(() => central.events.map(({ value }) => value)).toEqual(['Gerät', true])
  })
})
