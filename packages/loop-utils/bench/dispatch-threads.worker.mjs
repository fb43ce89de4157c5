import { parentPort, workerData } from 'node:worker_threads'
import { attachPoster } from '@x/loop-utils/dispatch'

const { port, go, kind, count } = workerData
const text = 'x'.repeat(40)
const line = 'y'.repeat(92)

const makers = {
  object: (i) => ({ id: i, kind: 'reading', address: 'ABC1234567:1', value: 21.5 + (i % 7), text }),
  string: (i) => `${line}${i}`,
}
const [how, message] = kind.split('-')
const make = makers[message]
const poster = how === 'dispatcher' ? attachPoster(port) : undefined

parentPort.postMessage('ready')
Atomics.wait(go, 0, 0)
if (poster === undefined) {
  for (let i = 0; i < count; i++) port.postMessage({ name: 'reading', value: make(i) })
} else {
  for (let i = 0; i < count; i++) poster.emit('reading', make(i))
  poster.flush()
}
setInterval(() => undefined, 1000)
