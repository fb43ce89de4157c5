import { once } from 'node:events'
import { createServer } from 'node:http'
import { CallbackRecorder } from '@x/xmlrpc-server/capture'

// records 20 requests of 1 KB each to the file that it is given, and tells how it went
const peer = createServer((request, response) => void request.resume().on('end', () => response.end('ok')))
peer.listen(0, '127.0.0.1')
await once(peer, 'listening')
const told = []
const recorder = new CallbackRecorder({
  file: process.argv[2] ?? '',
  target: `http://127.0.0.1:${peer.address().port}`,
  onError: (error) => told.push(error.code),
})
await recorder.start()
const statuses = []
for (let index = 0; index < 20; index++) {
  const answer = await fetch(`http://127.0.0.1:${recorder.port}`, { method: 'POST', body: 'x'.repeat(1000) })
  statuses.push(answer.status)
  await answer.text()
}
const { status, reason, counters } = recorder.health()
await recorder.stop()
peer.close()
peer.closeAllConnections()
console.log(JSON.stringify({ statuses, told, status, reason, counters, state: recorder.state }))
