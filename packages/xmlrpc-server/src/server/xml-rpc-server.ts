import type { Service } from '@x/loop-utils/service'
import type { MethodOptions, XmlRpcHandler } from '../dispatcher/method.ts'
import type { RequestHandler } from './request-handler.ts'
import type { CentralEntry } from '../homematic/central-registry.ts'
import type { Central } from '../homematic/central.ts'
import type { KnownDevice } from '../homematic/device-description.ts'
import type { ServerHealthStatus } from './server-health.ts'
import type { SwitchOptions, SwitchReport } from './switch-report.ts'

/** What a callback server can do, be it one of your own or a lease of a shared one. */
export interface XmlRpcServer extends Service {
  addCentral(central: Central): boolean
  removeCentral(central: Pick<Central, 'name'>): boolean
  getCentralEntry(interfaceId: string): CentralEntry | undefined
  readonly noCentralAssigned: boolean
  register(name: string, handler: XmlRpcHandler, options?: MethodOptions): this
  unregister(name: string): boolean
  registerInstance(instance: object, options?: { readonly methods?: readonly string[] }): this
  setKnownDevices(interfaceId: string, devices: readonly KnownDevice[] | undefined): void
  readonly listenIpAddr: string
  readonly listenPort: number
  readonly started: boolean
  readonly mode: 'loop' | 'thread'
  readonly healthStatus: ServerHealthStatus
  requestHandler(): RequestHandler
  switchImplementation(to: 'loop' | 'thread', options?: SwitchOptions): Promise<SwitchReport>
}
