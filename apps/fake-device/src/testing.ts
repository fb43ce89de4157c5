export { FakeDeviceError, isFakeDeviceError } from './fake-device-error.ts'
export { FakeDeviceStartError, type ProcessExit } from './testing/fake-device-errors.ts'
export type { FakeDeviceProcess } from './testing/running-fake-device.ts'
export { startFakeDevice, type StartFakeDeviceOptions } from './testing/start-fake-device.ts'
