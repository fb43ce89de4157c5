import { bothModes } from '@x/testkit/modes'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { describe, expect } from 'vitest'
import { RecordingCentral, startServer } from '../server/server-harness.ts'

/** Requests of a C++ client of the XmlRpc++ family, headers included, as they were on the wire. */
const captures = JSON.parse(
  readFileSync(new URL('../vectors/xmlrpcpp-captures.json', import.meta.url), 'utf8'),
) as string[]

/** Sends a request as it is and reads one answer, by its Content-Length as that client does. */
async function exchange(socket: Socket, request: string): Promise<{ head: string; body: string }> {
  let received = ''
  socket.write(request, 'latin1')
  for (;;) {
    const [piece] = (await once(socket, 'data')) as [string]
    received += piece
    const end = received.indexOf('\r\n\r\n')
    const length = Number(/\r\ncontent-length: (\d+)\r\n/i.exec(received)?.[1] ?? NaN)
    if (end >= 0 && received.length >= end + 4 + length) {
      return { head: received.slice(0, end), body: received.slice(end + 4) }
    }
  }
}

describe('requests as a C++ client sends them', () => {
  bothModes('are answered on one connection in a form that it reads', async (context) => {
    const server = await startServer(context)
    const central = new RecordingCentral('hub', 'BidCos-RF')
    server.addCentral(Object.assign(central, { listDevices: () => [{ ADDRESS: 'MEQ1', CHILDREN: [], FIRMWARE: '' }] }))
    const socket = connect(server.listenPort, '127.0.0.1').setEncoding('latin1')
    context.defer(() => socket.destroy())
    await once(socket, 'connect')

    const answers = []
    for (const capture of captures) answers.push(await exchange(socket, capture))
    for (const { head, body } of answers) {
      expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
      expect(head).toMatch(/\r\nContent-Length: \d+(\r\n|$)/)
      expect(head).not.toMatch(/transfer-encoding/i)
      expect(body).toMatch(/^<\?xml version="1\.0" encoding="UTF-8"\?><methodResponse><params><param><value>/)
      expect(body).not.toMatch(/\/>|<nil|<i8|<!|&#/)
    }
    const [event, listDevices, multicall, newDevices] = answers.map(({ body }) =>
      body.replace(/^.*<params><param>|<\/param><\/params>.*$/g, ''),
    )
    const acknowledged = '<value><boolean>1</boolean></value>'
    expect([event, newDevices]).toEqual([acknowledged, acknowledged])
    expect(multicall).toBe(
      `<value><array><data>${`<value><array><data>${acknowledged}</data></array></value>`.repeat(3)}</data></array></value>`,
    )
    expect(listDevices).toContain('<member><name>CHILDREN</name><value><array><data></data></array></value></member>')
    expect(listDevices).toContain('<member><name>FIRMWARE</name><value></value></member>')

    await expect.poll(() => central.told.length).toBe(1)
    expect(central.events.map(({ parameter, value }) => [parameter, value])).toEqual([
      ['LEVEL', 0.5],
      ['S<&>', true],
      ['S<&>', 22.5],
      ['S<&>', 7],
    ])
  })
})
