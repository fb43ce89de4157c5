import { connect, type Socket } from 'node:net'

/** A connection by hand: what is sent is up to the test, what comes back is kept. */
export class Talk {
  readonly socket: Socket
  received = ''
  /** Whether the connection is over, whoever ended it. */
  isClosed = false

  constructor(port: number, { allowHalfOpen = false }: { readonly allowHalfOpen?: boolean } = {}) {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen })
    this.socket.setEncoding('latin1')
    this.socket.on('data', (text: string) => {
      this.received += text
    })
    this.socket.on('error', () => undefined)
    this.socket.on('close', () => {
      this.isClosed = true
    })
  }

  /** The status codes of all answers so far. */
  get statuses(): number[] {
    return Array.from(this.received.matchAll(/HTTP\/1\.1 (\d{3}) /g), ([, status]) => Number(status))
  }

  send(text: string | Uint8Array): this {
    this.socket.write(text)
    return this
  }

  /** Says that nothing more will be sent; what comes is read on. */
  end(): this {
    this.socket.end()
    return this
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }
}

/** A whole request with a document as its body. */
export function requestText(
  body: string,
  { target = '/', head = '' }: { target?: string; head?: string } = {},
): string {
  const length = Buffer.byteLength(body)
  return `POST ${target} HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\n${head}Content-Length: ${length}\r\n\r\n${body}`
}

/** A promise that resolves when it is told to. */
export function latch(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open: () => open() }
}
