import { parentPort } from 'node:worker_threads'
import net from 'node:net'
import { toPlainError, TimeoutError } from '../../src/errors/index.ts'

/** Runs in a worker: sends a few errors that were made there. */
class UnknownHere extends Error {
  readonly code = 'NOBODY_KNOWS'
  readonly port = 1
}

const refused = await new Promise<unknown>((resolve) => {
  const server = net.createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address() as net.AddressInfo
    server.close(() => net.connect(port, '127.0.0.1').on('error', resolve))
  })
})

parentPort?.postMessage({
  timeout: toPlainError(new TimeoutError(5, 'call', { cause: refused })),
  unknown: toPlainError(new UnknownHere('from afar')),
  refused: toPlainError(refused),
})
