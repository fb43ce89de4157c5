import type { ViteUserConfig } from 'vitest/config'

/** Percentages below which a package's test run fails. */
export interface CoverageFloor {
  readonly lines?: number
  readonly functions?: number
  readonly branches?: number
  readonly statements?: number
}

/** The vitest configuration of one package: tests run from sources, in threads and child processes too. */
export declare function packageTests(
  name: string,
  options?: { readonly floor?: CoverageFloor; readonly exclude?: readonly string[]; readonly workers?: number },
): ViteUserConfig
