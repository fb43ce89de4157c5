import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { Changes } from './changes.ts'

/** A server on loopback that greets who connects and echoes what it hears, and that can be taken away. */
export class InterruptedPeer {
  /** Where it is or was reached: another port each time it comes back. */
  port = 0
  /** Whether it accepts and hears, but neither greets nor answers any more, as behind a cable that was pulled. */
  isSilent = false
  /** How many connections it has had. */
  accepted = 0
  readonly changes: Changes = new Changes()
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined

  /** Connections that are open. */
  get connections(): number {
    return this.#sockets.size
  }

  async open(): Promise<void> {
    this.isSilent = false
    if (this.#server !== undefined) return
    const server = createServer((socket) => this.#accept(socket))
    this.#server = server
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    this.port = (server.address() as AddressInfo).port
  }

  /** Dies: resets all connections and refuses new ones. */
  async kill(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    for (const socket of this.#sockets) socket.resetAndDestroy()
    if (server !== undefined) await new Promise((resolve) => server.close(resolve))
  }

  #accept(socket: Socket): void {
    this.accepted++
    this.#sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('data', (data) => {
      if (!this.isSilent) socket.write(data)
    })
    socket.on('close', () => {
      this.#sockets.delete(socket)
      this.changes.tell()
    })
    if (!this.isSilent) socket.write('hello')
    this.changes.tell()
  }
}
