import { packageTests } from '@x/vitest-config'

// the entry runs in child processes only, where v8 does not count
export default packageTests('fake-device', { exclude: ['src/cli.ts'] })
