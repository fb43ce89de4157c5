import type { TypedEmitter } from '../events/typed-emitter.ts'
import { ObservationPoint } from '../observe/observation-point.ts'
import type { Observer } from '../observe/observer.ts'
import type { BreakerChange, BreakerEvents, BreakerProbe, BreakerRejection } from './breaker-state.ts'

const POINTS: { readonly [E in keyof BreakerEvents]: ObservationPoint } = {
  change: new ObservationPoint('x:loop-utils:breaker:change'),
  reject: new ObservationPoint('x:loop-utils:breaker:reject'),
  probe: new ObservationPoint('x:loop-utils:breaker:probe'),
}

/** Tells listeners and observers of a breaker; whoever calls it asks first whether there are any. */
export class BreakerReporter {
  readonly #emitter: TypedEmitter<BreakerEvents>
  readonly #observer: Observer
  readonly #untold: BreakerChange[] = []

  constructor(emitter: TypedEmitter<BreakerEvents>, observer: Observer) {
    this.#emitter = emitter
    this.#observer = observer
  }

  isHeard(event: keyof BreakerEvents): boolean {
    return this.#emitter.listenerCount(event) > 0 || POINTS[event].isObserved(this.#observer)
  }

  /** Changes that a listener brings about are told after the one that it was told of. */
  tellChange(change: BreakerChange): void {
    if (this.#untold.push(change) > 1) return
    for (let next = this.#untold[0]; next !== undefined; next = this.#untold[0]) {
      this.#emitter.emit('change', next)
      POINTS.change.publish({ ...next }, this.#observer)
      this.#untold.shift()
    }
  }

  tellRejection(rejection: BreakerRejection): void {
    this.#emitter.emit('reject', rejection)
    POINTS.reject.publish({ ...rejection }, this.#observer)
  }

  tellProbe(probe: BreakerProbe): void {
    this.#emitter.emit('probe', probe)
    POINTS.probe.publish({ ...probe }, this.#observer)
  }
}
