import { ManualClock } from '../../src/clock/index.ts'
import {
  ServiceCore,
  type LinkHealth,
  type ServiceCoreOptions,
  type ServiceEvents,
  type StartContext,
  type StopReport,
  type StopRequest,
} from '../../src/service/index.ts'

interface BeaconEvents extends ServiceEvents {
  beep: [count: number]
}

/** A service whose hooks the test writes, and that tells what happens to it. */
export class Beacon extends ServiceCore<BeaconEvents> {
  readonly clock: ManualClock
  readonly log: string[] = []
  readonly starts: StartContext[] = []
  readonly stops: StopRequest[] = []
  starting: (context: StartContext) => void | Promise<void> = () => {}
  stopping: (request: StopRequest) => Partial<StopReport> | void | Promise<Partial<StopReport> | void> = () => {}
  beeps = 0
  link: LinkHealth | undefined

  constructor(options: ServiceCoreOptions & { readonly clock?: ManualClock } = {}) {
    const { clock = new ManualClock({ wallMs: 1000 }) } = options
    super({ ...options, clock })
    this.clock = clock
    this.on('state', ({ state }) => void this.log.push(state))
  }

  beep(): boolean {
    return this.emit('beep', ++this.beeps)
  }

  sayReady(isReady: boolean, cause?: unknown): void {
    this.setReady(isReady, cause)
  }

  restrict(reason?: string, cause?: unknown): void {
    this.setRestriction(reason, cause)
  }

  die(error: unknown): void {
    this.fail(error)
  }

  protected override async onStart(context: StartContext): Promise<void> {
    this.starts.push(context)
    this.log.push('onStart')
    await this.starting(context)
    this.log.push('started')
  }

  protected override async onStop(request: StopRequest): Promise<Partial<StopReport> | void> {
    this.stops.push(request)
    this.log.push('onStop')
    return await this.stopping(request)
  }

  protected override counters(): Readonly<Record<string, number>> {
    return { beeps: this.beeps }
  }

  protected override linkHealth(): LinkHealth | undefined {
    return this.link
  }
}
