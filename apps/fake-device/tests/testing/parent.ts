// Starts a fake-device process, tells its id, and waits to be killed.
import { startFakeDevice } from '../../src/testing.ts'

const fake = await startFakeDevice()
process.stdout.write(`${fake.pid}\n`)
setInterval(() => undefined, 60_000)
