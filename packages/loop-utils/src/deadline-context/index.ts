export { currentDeadline, withDeadline } from './deadline-context.ts'
