import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { FaultProxy, type FaultProxyOptions } from '../../src/faults/index.ts'

/** A server, a proxy before it, and the clients of one test; all close together. */
export class Loopback implements AsyncDisposable {
  readonly proxy: FaultProxy
  /** What reached the server, over all connections. */
  readonly received: Buffer[] = []
  readonly #server: Server
  readonly #sockets: Socket[] = []

  private constructor(server: Server, proxy: FaultProxy) {
    this.#server = server
    this.proxy = proxy
  }

  static async open(
    onConnection: (socket: Socket) => void = (socket) => void socket.pipe(socket),
    options: Partial<FaultProxyOptions> = {},
  ): Promise<Loopback> {
    const server = createServer({ allowHalfOpen: true })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const proxy = await new FaultProxy({ upstream: { port }, ...options }).start()
    const loopback = new Loopback(server, proxy)
    server.on('connection', (socket) => {
      loopback.#sockets.push(socket.on('error', () => undefined))
      socket.on('data', (bytes) => loopback.received.push(bytes))
      onConnection(socket)
    })
    return loopback
  }

  /** A client that has only begun to connect: it may meet a reset before it is through. */
  connecting(): Socket {
    const socket = connect({ port: this.proxy.port, host: this.proxy.host, allowHalfOpen: true })
    this.#sockets.push(socket)
    return socket
  }

  async client(): Promise<Socket> {
    const socket = this.connecting()
    await once(socket, 'connect')
    return socket
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy.stop()
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

/** Reads until `count` bytes have come, or the stream has ended. */
export async function read(socket: Socket, count: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    chunks.push(chunk as Buffer)
    size += (chunk as Buffer).length
    if (size >= count) break
  }
  return Buffer.concat(chunks)
}

/** Waits until `condition` holds. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2))
}
