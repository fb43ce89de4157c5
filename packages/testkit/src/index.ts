export type { Subject, SubjectFactory } from './contract/subject.ts'
export { isTestkitError, TestkitError } from './errors.ts'
export {
  expectNoLeaks,
  LeakError,
  leakHooks,
  LeakWatch,
  type Leak,
  type LeakHooks,
  type LeakKind,
  type LeakOptions,
  type ListenerTarget,
} from './leaks/index.ts'
export {
  createBothModes,
  type BothModes,
  type BothModesOptions,
  type BothModesSetup,
  type ModeContext,
  type TestRunner,
} from './modes/both-modes.ts'
export { MODE_CASES, type ModeCase } from './modes/mode-case.ts'
