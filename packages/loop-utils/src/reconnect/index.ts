export type { Link, ReconnectorChange, ReconnectorOptions, ReconnectorState } from './reconnector-options.ts'
export { Reconnector, type ReconnectorSnapshot } from './reconnector.ts'
