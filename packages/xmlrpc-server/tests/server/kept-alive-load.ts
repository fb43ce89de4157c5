import { connect, type Socket } from 'node:net'

/** What one sender has seen. */
export interface SenderCounts {
  /** The values that were acknowledged, in order. */
  readonly acknowledged: number[]
  /** Connections that were refused. */
  refused: number
  /** Requests whose connection ended before their answer. */
  unanswered: number
  /** Connections that the server announced to end. */
  announced: number
}

/**
 * Sends events of one interface over a kept-alive connection, one after the other, each with the next number as its
 * value; a connection that ends is opened again. Speaks HTTP by hand, so that it sees what happens to the connection.
 */
class EventSender {
  readonly counts: SenderCounts = { acknowledged: [], refused: 0, unanswered: 0, announced: 0 }
  readonly #port: number
  readonly #interfaceId: string
  #next = 0
  #socket: Socket | undefined
  #received = ''
  #isWaiting = false
  #isEnding = false
  #onEnd: (() => void) | undefined
  #pause: NodeJS.Timeout | undefined

  constructor(port: number, interfaceId: string) {
    this.#port = port
    this.#interfaceId = interfaceId
    this.#connect()
  }

  /** Ends after the answer that is awaited. */
  end(): Promise<void> {
    this.#isEnding = true
    return new Promise((resolve) => {
      this.#onEnd = resolve
    })
  }

  /** Ends at once. */
  [Symbol.dispose](): void {
    this.#isEnding = true
    clearTimeout(this.#pause)
    this.#socket?.destroy()
  }

  #connect(): void {
    const socket = connect(this.#port, '127.0.0.1')
    this.#socket = socket
    this.#received = ''
    socket.setNoDelay(true).setEncoding('latin1')
    socket.on('connect', () => this.#send())
    socket.on('data', (text: string) => this.#onData(text))
    socket.on('error', ({ code }: NodeJS.ErrnoException) => {
      if (code === 'ECONNREFUSED') this.counts.refused++
    })
    socket.on('close', () => this.#onClose())
  }

  #send(): void {
    const values = [this.#interfaceId, 'A:1', 'LEVEL', `<i4>${this.#next}</i4>`]
    const params = values.map((value) => `<param><value>${value}</value></param>`).join('')
    const body = `<?xml version="1.0"?><methodCall><methodName>event</methodName><params>${params}</params></methodCall>`
    const head = `POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-length: ${body.length}\r\n\r\n`
    this.#isWaiting = true
    this.#next++
    this.#socket?.write(head + body)
  }

  #onData(text: string): void {
    this.#received += text
    const answer = /^HTTP\/1\.1 200 OK\r\n([^]*?)\r\n\r\n[^]*<\/methodResponse>/.exec(this.#received)
    if (answer === null) return
    this.#received = ''
    this.#isWaiting = false
    this.counts.acknowledged.push(this.#next - 1)
    const isLast = /^connection: close/im.test(answer[1] ?? '')
    if (isLast) this.counts.announced++
    if (isLast || this.#isEnding) this.#socket?.end()
    else this.#send()
  }

  #onClose(): void {
    if (this.#isWaiting) this.counts.unanswered++
    this.#isWaiting = false
    if (this.#isEnding) this.#onEnd?.()
    else this.#pause = setTimeout(() => this.#connect(), 1)
  }
}

/** Several senders at once, each of an interface of its own. */
export class KeptAliveLoad implements Disposable {
  readonly #senders: ReadonlyMap<string, EventSender>

  constructor(port: number, interfaceIds: readonly string[]) {
    this.#senders = new Map(interfaceIds.map((id) => [id, new EventSender(port, id)]))
  }

  get acknowledged(): number {
    return this.#sum(({ acknowledged }) => acknowledged.length)
  }

  get refused(): number {
    return this.#sum(({ refused }) => refused)
  }

  get unanswered(): number {
    return this.#sum(({ unanswered }) => unanswered)
  }

  get announced(): number {
    return this.#sum(({ announced }) => announced)
  }

  /** The values that were acknowledged, by interface. */
  get values(): Readonly<Record<string, readonly number[]>> {
    return Object.fromEntries(Array.from(this.#senders, ([id, { counts }]) => [id, counts.acknowledged]))
  }

  async end(): Promise<void> {
    await Promise.all(Array.from(this.#senders.values(), (sender) => sender.end()))
  }

  /** Ends at once, as after a test that failed. */
  [Symbol.dispose](): void {
    for (const sender of this.#senders.values()) sender[Symbol.dispose]()
  }

  #sum(count: (counts: SenderCounts) => number): number {
    let sum = 0
    for (const { counts } of this.#senders.values()) sum += count(counts)
    return sum
  }
}
