// Starts the fake-device program of the installed package as its users do, and prints what its API and its page say.
import { startFakeDevice } from '@x/fake-device/testing'

const fake = await startFakeDevice()
const devices = await fake.control.devices()
const page = await (await fetch(fake.url)).text()
console.log(JSON.stringify({ devices: devices.length, page: page.includes('<title>fake-device</title>') }))
await fake.stop()
