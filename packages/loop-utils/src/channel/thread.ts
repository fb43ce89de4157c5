export { serveEngines } from '../host/serve-engines.ts'
export type { AnyEngineDefinition } from './contract.ts'
