import { startFakeDevice } from '@x/fake-device/testing'
import { DemoHub } from './demo-hub.ts'
import type { HubArguments } from './hub-arguments.ts'

/** A hub and the fake devices that it talks to. */
export interface RunningHub {
  /** The page of the fake devices. */
  readonly url: string
  /** Says where everything is. */
  readonly readyLine: string
  /** Ends the hub, then the fake devices; never rejects. */
  stop(): Promise<void>
}

/** Where a running hub tells what happens. */
export interface HubOutput {
  readonly print: (line: string) => void
  readonly onError: (error: unknown) => void
}

/** Starts fake devices in a process of their own, and a hub that registers with their CCU. */
export async function startHub({ mode, port }: HubArguments, output: HubOutput): Promise<RunningHub> {
  const fake = await startFakeDevice({ port })
  const hub = new DemoHub({
    ccuUrl: fake.ccu.url,
    control: fake.control,
    mode,
    onHeard: output.print,
    onError: output.onError,
  })
  const stop = async (): Promise<void> => {
    await hub.stop({ deadlineMs: 1000 }).catch(output.onError)
    await fake.stop()
  }
  try {
    await hub.start()
  } catch (error) {
    await stop()
    throw error
  }
  const where = `hub on ${hub.callbackUrl} (${mode}), CCU on ${fake.ccu.url}`
  return { url: fake.url, readyLine: `ready: open ${fake.url} and switch a device; ${where}`, stop }
}
