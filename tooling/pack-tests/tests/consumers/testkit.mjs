// Starts the fake CCU of the installed package, and prints how many devices it plays and what a fault proxy passed on.
import { FakeCcu } from '@x/testkit/ccu'

const ccu = await new FakeCcu().start()
const response = await fetch(ccu.url, {
  method: 'POST',
  headers: { 'Content-Type': 'text/xml' },
  body: '<?xml version="1.0"?><methodCall><methodName>getVersion</methodName><params></params></methodCall>',
})
console.log(JSON.stringify({ status: response.status, isAnswer: (await response.text()).includes('<methodResponse>') }))
await ccu.stop()
