/** Cheaper than `expect`, for what is asked in hundreds of thousands of states. */
export function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(what)
}
