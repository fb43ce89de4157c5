import { AsyncXmlRpcServer, decodeMethodCall, encodeMethodResponse, type XmlRpcValue } from '@x/xmlrpc-server'
import { XmlRpcClient } from '@x/xmlrpc-server/client'

const server = new AsyncXmlRpcServer({ host: '127.0.0.1', port: 0, mode: 'thread' })
server.addCentral({
  name: 'home',
  hasClient: (interfaceId) => interfaceId === 'home-rf',
  onEvent: ({ interfaceId, channelAddress, parameter, value }) => {
    const line: string = [interfaceId, channelAddress, parameter].join(' ')
    const seen: XmlRpcValue = value
    console.log(line, seen)
  },
})
const port: number = server.listenPort
const { methodName, params } = decodeMethodCall(encodeMethodResponse('text'))
const client = new XmlRpcClient({ url: 'http://127.0.0.1:2001' })

// @ts-expect-error there is no such mode
const wrong = new AsyncXmlRpcServer({ mode: 'process' })

export const all = [port, methodName, params, client, wrong] as const
