/** A semaphore as an array: what happened, in order, is its log. */
export class SemaphoreModel {
  readonly log: string[] = []
  capacity: number
  free: number
  queue: { readonly id: number; readonly permits: number }[] = []
  readonly #maxWaiting: number

  constructor(capacity: number, maxWaiting: number) {
    this.capacity = capacity
    this.free = capacity
    this.#maxWaiting = maxWaiting
  }

  acquire(id: number, permits: number): void {
    if (permits > this.capacity) this.log.push(`${id} option`)
    else if (this.tryAcquire(permits)) this.log.push(`${id} granted`)
    else if (this.queue.length >= this.#maxWaiting) this.log.push(`${id} overflow`)
    else this.queue.push({ id, permits })
  }

  tryAcquire(permits: number): boolean {
    if (this.queue.length > 0 || permits > this.free) return false
    this.free -= permits
    return true
  }

  release(permits: number): void {
    this.free += permits
    this.#serve()
  }

  abort(id: number): void {
    if (!this.queue.some((waiter) => waiter.id === id)) return
    this.queue = this.queue.filter((waiter) => waiter.id !== id)
    this.log.push(`${id} aborted`)
    this.#serve()
  }

  resize(capacity: number): void {
    this.free += capacity - this.capacity
    this.capacity = capacity
    for (const waiter of this.queue) if (waiter.permits > capacity) this.log.push(`${waiter.id} option`)
    this.queue = this.queue.filter((waiter) => waiter.permits <= capacity)
    this.#serve()
  }

  rejectWaiting(): number {
    for (const waiter of this.queue) this.log.push(`${waiter.id} closed`)
    const { length } = this.queue
    this.queue = []
    return length
  }

  #serve(): void {
    while (this.queue[0] !== undefined && this.queue[0].permits <= this.free) {
      const { id, permits } = this.queue.shift() as { id: number; permits: number }
      this.free -= permits
      this.log.push(`${id} granted`)
    }
  }
}
