export { ResourceDisposeError } from './resource-dispose-error.ts'
export { ResourceStack, type Resource } from './resource-stack.ts'
