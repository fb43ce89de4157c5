import { packageTests } from '@x/vitest-config'

export default packageTests('loop-utils', { workers: 1 })
