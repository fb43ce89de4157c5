// Starts the callback server of the installed package in a mode, posts an event, and prints what its central heard.
//   node xmlrpc-server.mjs <mode> [<thread entry>]
import { pathToFileURL } from 'node:url'
import { createAsyncXmlRpcServer } from '@x/xmlrpc-server'
import { XmlRpcClient } from '@x/xmlrpc-server/client'

const [mode, entry] = process.argv.slice(2)
const server = await createAsyncXmlRpcServer({
  host: '127.0.0.1',
  mode,
  ...(entry === undefined ? {} : { threadEntry: pathToFileURL(entry) }),
})
const heard = new Promise((resolve) => {
  server.addCentral({ name: 'hub', hasClient: () => true, onEvent: resolve })
})
const client = new XmlRpcClient({ url: `http://127.0.0.1:${server.listenPort}/` })
const answer = await client.call('event', ['hub-rf', 'ABC:1', 'STATE', true])
const { channelAddress, parameter, value } = await heard
console.log(JSON.stringify({ mode, answer, channelAddress, parameter, value }))
await client.close()
await server.stop()
