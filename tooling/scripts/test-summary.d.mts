/** What the test reports of all packages add up to. */
export interface TestSummary {
  passed: number
  failed: number
  skipped: { name: string; reason: string }[]
  broken: string[]
}

export declare function collectReports(root: string): TestSummary
export declare function removeReports(root: string): void
export declare function formatSummary(summary: TestSummary): string[]
export declare function outcome(turboStatus: number, summary: TestSummary): number
