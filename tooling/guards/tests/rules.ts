/** What the guards read of a package.json. */
export interface Manifest {
  readonly name: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

const PROTOCOLS = ['xmlrpc-server', 'mqtt-gateway', 'bgp-reactor', 'controller-core', 'tuya-async'].map(
  (name) => `@x/${name}`,
)

/** Which packages of this workspace a package may depend on at run time, and in its tests besides. */
const ALLOWED: Readonly<Record<string, { runtime: readonly string[]; tests?: readonly string[] }>> = {
  '@x/loop-utils': { runtime: [] },
  '@x/testkit': { runtime: ['@x/loop-utils'] },
  '@x/fake-device': { runtime: ['@x/loop-utils', '@x/testkit'] },
  ...Object.fromEntries(
    PROTOCOLS.map((name) => [name, { runtime: ['@x/loop-utils'], tests: ['@x/testkit', '@x/fake-device'] }]),
  ),
}

const TOOLING = new Set(['@x/tsconfig', '@x/vitest-config', '@x/scripts'])

/** The dependency rules of docs/ARCHITECTURE.md that a manifest breaks. Apps that compose everything have none. */
export function runtimeViolations(manifest: Manifest): string[] {
  const allowed = ALLOWED[manifest.name]
  if (allowed === undefined) return []
  const siblings = (group: Readonly<Record<string, string>> | undefined): string[] =>
    Object.keys(group ?? {}).filter((name) => name.startsWith('@x/') && !TOOLING.has(name))
  const bad = [
    ...siblings(manifest.dependencies).filter((name) => !allowed.runtime.includes(name)),
    ...siblings(manifest.devDependencies).filter(
      (name) => ![...allowed.runtime, ...(allowed.tests ?? [])].includes(name),
    ),
  ]
  return bad.map((name) => `${manifest.name} must not depend on ${name}`)
}

/** The lines that switch a lint rule off and do not say why after ` -- `. */
export function withoutReason(text: string): string[] {
  return text.split('\n').filter((line) => /(ox|es)lint-disable/.test(line) && !/ -- \S/.test(line))
}
