/**
 * `T`, but not a place from which a compiler infers it: what `NoInfer` says in TypeScript 5.4, for the compilers before.
 */
export type Uninferred<T> = [T][T extends unknown ? 0 : never]
