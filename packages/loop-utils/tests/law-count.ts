/**
 * How many interleavings a law is tried with: a few in the suite, all in `pnpm soak:laws`, which sets `X_LAWS=full`.
 */
export function lawCount({ inSuite, inSoak }: { readonly inSuite: number; readonly inSoak: number }): number {
  return process.env['X_LAWS'] === 'full' ? inSoak : inSuite
}

/** For the longest of them on a slow machine, in milliseconds. */
export const LAW_TIMEOUT_MS: number = process.env['X_LAWS'] === 'full' ? 900_000 : 60_000
