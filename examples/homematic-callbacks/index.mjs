// Registers a callback server with a CCU and prints what its devices do. The CCU is a fake one here: put the address of
// yours in place of ccu.url, and leave the last part out.
import { FakeCcu } from '@x/testkit/ccu'
import { createAsyncXmlRpcServer } from '@x/xmlrpc-server'
import { XmlRpcClient } from '@x/xmlrpc-server/client'

const INTERFACE_ID = 'example-BidCos-RF'
const ccu = await new FakeCcu().start()

const server = await createAsyncXmlRpcServer({ host: '127.0.0.1' })
server.addCentral({
  name: 'example',
  hasClient: (interfaceId) => interfaceId === INTERFACE_ID,
  onNewDevices: ({ descriptions }) => console.log('told of', descriptions.length, 'devices and channels'),
  onEvent: ({ channelAddress, parameter, value }) => console.log(channelAddress, parameter, value),
})
const client = new XmlRpcClient({ url: ccu.url })
await client.call('init', [`http://127.0.0.1:${server.listenPort}`, INTERFACE_ID], { emptyAsVoid: true })

await ccu.settled()
ccu.report('LEQ0000001:1', 'STATE', true)
await ccu.settled()

await client.call('init', [`http://127.0.0.1:${server.listenPort}`, ''], { emptyAsVoid: true })
await client.close()
await server.stop()
await ccu.stop()
