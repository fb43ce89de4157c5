/** What those who hold a server bring along to it, of each kind by name. */
export type Belonging = 'central' | 'method' | 'devices'

/** Knows to whom what a shared server has belongs, so that nobody takes it from another one. */
export class Owners {
  readonly #owners = new Map<string, object>()

  /** Whether nobody else has it. */
  isFree(kind: Belonging, name: string, owner: object): boolean {
    return (this.#owners.get(`${kind} ${name}`) ?? owner) === owner
  }

  take(kind: Belonging, name: string, owner: object): void {
    this.#owners.set(`${kind} ${name}`, owner)
  }

  /** Gives it back; false when it is not the owner's. */
  release(kind: Belonging, name: string, owner: object): boolean {
    const key = `${kind} ${name}`
    return this.#owners.get(key) === owner && this.#owners.delete(key)
  }
}
