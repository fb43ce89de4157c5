import { packageTests } from '@x/vitest-config'

export default packageTests('demo-hub', {
  // runs in a process of its own, where coverage is not counted
  exclude: ['src/cli.ts'],
})
