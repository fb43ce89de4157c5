import { open, rm, type FileHandle } from 'node:fs/promises'
import { CaptureFileError } from './capture-file-error.ts'
import { CAPTURE_FORMAT, CAPTURE_VERSION, type CaptureLine } from './capture-format.ts'

/** What a capture file may take. */
export interface CaptureWriterOptions {
  readonly file: string
  readonly maxFileBytes: number
  /** Called once, when from now on nothing is recorded: the file is full, or cannot be written any more. */
  readonly onEnd: (why: string, cause?: unknown) => void
}

/** How many bytes wait for a slow disk before requests go unrecorded. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024
/** What is kept free for the last line. */
const ROOM_FOR_END = 200

/** Appends lines to a new file, in their order, within bounds. */
export class CaptureWriter {
  readonly #options: CaptureWriterOptions
  readonly #handle: FileHandle
  #waiting: Buffer[] = []
  #waitingBytes = 0
  #fileBytes = 0
  #isOver = false
  #isBroken = false
  #writing: Promise<void> | undefined

  private constructor(handle: FileHandle, options: CaptureWriterOptions) {
    this.#handle = handle
    this.#options = options
  }

  /** Makes the file. @throws CaptureFileError when it is there already or cannot be made */
  static async open(options: CaptureWriterOptions): Promise<CaptureWriter> {
    const { file } = options
    try {
      const writer = new CaptureWriter(await open(file, 'wx', 0o600), options)
      writer.write({ format: CAPTURE_FORMAT, version: CAPTURE_VERSION, startedAt: new Date().toISOString() })
      return writer
    } catch (cause) {
      throw new CaptureFileError('unwritable', { file, what: (cause as Error).message, cause })
    }
  }

  /** Returns false when there is no room for it. */
  write(line: CaptureLine): boolean {
    if (this.#isOver) return false
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`)
    if (this.#fileBytes + bytes.length > this.#options.maxFileBytes - ROOM_FOR_END) {
      this.#giveUp(`the capture file has its ${this.#options.maxFileBytes} bytes`)
      return false
    }
    if (this.#waitingBytes > MAX_WAITING_BYTES) return false
    this.#append(bytes)
    return true
  }

  /** Writes what waits and the last line, and closes the file. Never rejects. */
  async close(end: CaptureLine): Promise<void> {
    const isWritable = await this.#settled()
    if (isWritable) this.#append(Buffer.from(`${JSON.stringify(end)}\n`))
    this.#isOver = true
    await this.#settled()
    await this.#handle.close().catch((cause: unknown) => this.#giveUp('the capture file cannot be closed', cause))
  }

  /** Takes the file back. */
  async remove(): Promise<void> {
    this.#isOver = true
    await this.#settled()
    await this.#handle.close()
    await rm(this.#options.file, { force: true })
  }

  #append(bytes: Buffer): void {
    this.#fileBytes += bytes.length
    this.#waitingBytes += bytes.length
    this.#waiting.push(bytes)
    this.#writing ??= this.#work()
  }

  async #work(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const bytes = Buffer.concat(this.#waiting.splice(0))
        await this.#handle.appendFile(bytes)
        this.#waitingBytes -= bytes.length
      }
    } catch (cause) {
      this.#isBroken = true
      this.#waiting = []
      this.#giveUp(`the capture file cannot be written: ${(cause as Error).message}`, cause)
    } finally {
      this.#writing = undefined
    }
  }

  /** Whether what waited was written. */
  async #settled(): Promise<boolean> {
    await this.#writing
    return !this.#isBroken
  }

  #giveUp(why: string, cause?: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#options.onEnd(why, cause)
  }
}
