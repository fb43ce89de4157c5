import type { DeviceDescription, KnownDevice } from '../../src/index.ts'
import { RecordingCentral } from '../server/server-harness.ts'

/** A central that knows devices, and keeps those that it is told of. */
export class HubCentral extends RecordingCentral {
  known: readonly KnownDevice[] = []

  listDevices(): readonly KnownDevice[] {
    return this.known
  }

  /** The descriptions that came with newDevices, in their order. */
  get newDescriptions(): DeviceDescription[] {
    return this.told.flatMap((entry) => {
      const [kind, fact] = entry as [string, { descriptions: readonly DeviceDescription[] }]
      return kind === 'newDevices' ? fact.descriptions : []
    })
  }

  /** Their addresses. */
  get newAddresses(): string[] {
    return this.newDescriptions.map(({ ADDRESS }) => ADDRESS)
  }
}
