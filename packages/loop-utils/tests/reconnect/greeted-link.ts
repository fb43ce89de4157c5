import { connect, type Socket } from 'node:net'
import type { Clock, Timer } from '../../src/clock/index.ts'
import type { Link } from '../../src/reconnect/index.ts'
import { Changes } from './changes.ts'

/** How often a link asks its peer whether it is there. A peer that has not answered by the next time is gone. */
export const HEARTBEAT_MS = 1000

/** A TCP connection that is up once its peer has greeted, and that notices when the peer falls silent. */
export class GreetedLink implements Link {
  readonly closed: Promise<void>
  readonly changes: Changes = new Changes()
  readonly #socket: Socket
  readonly #clock: Clock
  #timer: Timer
  #asked = 0
  #answered = 0

  private constructor(socket: Socket, clock: Clock) {
    this.#socket = socket
    this.#clock = clock
    let cause: unknown = new Error('the peer has closed')
    this.closed = new Promise((_, reject) => {
      socket.on('error', (error) => (cause = error))
      socket.on('close', () => {
        this.#timer[Symbol.dispose]()
        reject(cause)
      })
    })
    this.closed.catch(() => undefined)
    socket.on('data', (data) => {
      this.#answered += data.length
      this.changes.tell()
    })
    this.#timer = this.#heartbeat()
  }

  /** Whether the peer has answered every time. */
  get isAnswered(): boolean {
    return this.#answered === this.#asked
  }

  /** Connects to a port of this machine; `open` holds the sockets that are open. */
  static open(port: number, at: { clock: Clock; signal: AbortSignal; open: Set<Socket> }): Promise<GreetedLink> {
    const { clock, signal, open } = at
    const socket = connect({ host: '127.0.0.1', port })
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    return new Promise((resolve, reject) => {
      const abort = (): void => void socket.destroy(signal.reason as Error)
      const settle = (how: () => void): void => {
        signal.removeEventListener('abort', abort)
        socket.off('data', greeted)
        socket.off('close', ended)
        socket.off('error', failed)
        how()
      }
      const greeted = (): void => settle(() => resolve(new GreetedLink(socket, clock)))
      const failed = (error: unknown): void =>
        settle(() => {
          socket.on('error', () => undefined)
          reject(error)
        })
      const ended = (): void => failed(new Error('the peer has closed before it greeted'))
      signal.addEventListener('abort', abort)
      socket.on('data', greeted)
      socket.on('close', ended)
      socket.on('error', failed)
      // a port that nobody listens on may be the very one that the system has given to this end
      socket.on('connect', () => {
        if (socket.localPort === port) socket.destroy(new Error('connected to itself'))
      })
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #heartbeat(): Timer {
    return this.#clock.setTimer(() => {
      if (!this.isAnswered) {
        this.#socket.destroy(new Error('the peer does not answer'))
        return
      }
      this.#asked++
      this.#socket.write('?')
      this.#timer = this.#heartbeat()
    }, HEARTBEAT_MS)
  }
}
