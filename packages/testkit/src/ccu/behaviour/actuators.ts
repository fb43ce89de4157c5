import type { Clock, Timer } from '@x/loop-utils/clock'
import type { Parameter, ParameterValue } from '../catalogue/parameter.ts'
import type { Paramset } from '../catalogue/paramset.ts'

/** What the actuators need of their CCU. */
export interface ActuatorsContext {
  readonly clock: Clock
  /** Whether blinds take the time to move that is configured. */
  readonly travelTimes: boolean
  paramset(address: string, key: 'MASTER' | 'VALUES'): Paramset
  /** Stores a value and reports it. */
  apply(address: string, parameter: Parameter, change: { value: ParameterValue; source: 'client' | 'device' }): void
}

/** A value that a client sets. */
export type SetValue = readonly [parameter: Parameter, value: ParameterValue]

interface Motion {
  readonly from: number
  readonly to: number
  readonly durationMs: number
}

/** A level that changes over time is reported so many times, the last time at its goal. */
const STEPS = 4
const UP = 1
const DOWN = 2
const AUTO = 0
const MANUAL = 1
const BOOST = 3

/** What values that a client sets do beyond being stored: ramps, times after which it is switched off, stops. */
export class Actuators {
  readonly #context: ActuatorsContext
  /** What moves or waits to be switched off, by channel. */
  readonly #timers = new Map<string, Timer>()
  /** Set for the next change of the channel only, in seconds. */
  readonly #onTimes = new Map<string, number>()
  readonly #rampTimes = new Map<string, number>()
  readonly #oldLevels = new Map<string, number>()

  constructor(context: ActuatorsContext) {
    this.#context = context
  }

  /** Sets values of one channel, those that say how before those that say what. */
  set(address: string, values: readonly SetValue[]): void {
    const isHow = ([{ name }]: SetValue): boolean => name === 'ON_TIME' || name === 'RAMP_TIME'
    const ordered = [...values.filter(isHow), ...values.filter((each) => !isHow(each))]
    for (const [parameter, value] of ordered) this.#set(address, parameter, value)
  }

  /** Lets everything come to rest where it is: of one device, or of all. */
  rest(device?: string): void {
    const isMeant = (address: string): boolean => device === undefined || address.startsWith(`${device}:`)
    for (const [address, timer] of this.#timers) {
      if (!isMeant(address)) continue
      timer[Symbol.dispose]()
      this.#timers.delete(address)
    }
    for (const map of [this.#onTimes, this.#rampTimes, this.#oldLevels]) {
      for (const address of map.keys()) if (isMeant(address)) map.delete(address)
    }
  }

  #set(address: string, parameter: Parameter, value: ParameterValue): void {
    switch (parameter.name) {
      case 'ON_TIME':
        this.#onTimes.set(address, Number(value))
        break
      case 'RAMP_TIME':
        this.#rampTimes.set(address, Number(value))
        break
      case 'STATE':
        return this.#switch(address, parameter, value)
      case 'LEVEL':
        return this.#level(address, parameter, Number(value))
      case 'OLD_LEVEL':
        return this.#level(address, this.#parameter(address, 'LEVEL'), this.#oldLevels.get(address) ?? 1)
      case 'STOP':
        this.#halt(address)
        break
      case 'AUTO_MODE':
      case 'MANU_MODE':
      case 'BOOST_MODE':
        this.#mode(address, parameter.name, value)
        break
      default:
    }
    this.#context.apply(address, parameter, { value, source: 'client' })
  }

  #switch(address: string, parameter: Parameter, value: ParameterValue): void {
    this.#halt(address)
    this.#context.apply(address, parameter, { value, source: 'client' })
    if (value === true) this.#offLater(address, parameter, false)
  }

  #level(address: string, parameter: Parameter, to: number): void {
    this.#halt(address)
    const from = Number(this.#values(address).value('LEVEL'))
    if (from > 0) this.#oldLevels.set(address, from)
    const durationMs = this.#durationMs(address, Math.abs(to - from))
    if (durationMs > 0 && from !== to) return this.#move(address, parameter, { from, to, durationMs })
    this.#context.apply(address, parameter, { value: to, source: 'client' })
    if (to > 0) this.#offLater(address, parameter, 0)
  }

  #durationMs(address: string, way: number): number {
    const ramp = this.#rampTimes.get(address) ?? 0
    this.#rampTimes.delete(address)
    if (!this.#values(address).has('STOP')) return ramp * 1000
    const master = this.#context.paramset(address, 'MASTER')
    const isTravelling = this.#context.travelTimes && master.has(TRAVEL)
    return isTravelling ? Number(master.value(TRAVEL)) * way * 1000 : 0
  }

  #move(address: string, level: Parameter, motion: Motion): void {
    const { from, to, durationMs } = motion
    this.#note(address, 'WORKING', true)
    this.#note(address, 'DIRECTION', to > from ? UP : DOWN)
    const step = (count: number): void => {
      const value = count === STEPS ? to : from + ((to - from) * count) / STEPS
      this.#context.apply(address, level, { value, source: 'device' })
      if (count < STEPS) return this.#later(address, durationMs / STEPS, () => step(count + 1))
      this.#halt(address)
      if (to > 0) this.#offLater(address, level, 0)
    }
    this.#later(address, durationMs / STEPS, () => step(1))
  }

  /** Switches off after the ON_TIME that was set before, if any. */
  #offLater(address: string, parameter: Parameter, off: ParameterValue): void {
    const onTime = this.#onTimes.get(address) ?? 0
    this.#onTimes.delete(address)
    if (onTime === 0) return
    this.#note(address, 'WORKING', true)
    this.#later(address, onTime * 1000, () => {
      this.#context.apply(address, parameter, { value: off, source: 'device' })
      this.#halt(address)
    })
  }

  #later(address: string, ms: number, action: () => void): void {
    const timer = this.#context.clock.setTimer(() => {
      this.#timers.delete(address)
      action()
    }, ms)
    this.#timers.set(address, timer)
  }

  /** Ends what moves or waits in a channel. */
  #halt(address: string): void {
    this.#timers.get(address)?.[Symbol.dispose]()
    this.#timers.delete(address)
    const values = this.#values(address)
    if (values.has('WORKING') && values.value('WORKING') === true) this.#note(address, 'WORKING', false)
    if (values.has('DIRECTION') && values.value('DIRECTION') !== 0) this.#note(address, 'DIRECTION', 0)
  }

  #mode(address: string, name: 'AUTO_MODE' | 'MANU_MODE' | 'BOOST_MODE', value: ParameterValue): void {
    if (name === 'MANU_MODE') this.#note(address, 'SET_TEMPERATURE', value)
    const modes = { AUTO_MODE: AUTO, MANU_MODE: MANUAL, BOOST_MODE: BOOST }
    this.#note(address, 'CONTROL_MODE', modes[name])
  }

  /** The device reports something about what it does, when it has such a parameter. */
  #note(address: string, name: string, value: ParameterValue): void {
    if (!this.#values(address).has(name)) return
    this.#context.apply(address, this.#parameter(address, name), { value, source: 'device' })
  }

  #parameter(address: string, name: string): Parameter {
    return this.#values(address).parameter(name)
  }

  #values(address: string): Paramset {
    return this.#context.paramset(address, 'VALUES')
  }
}

const TRAVEL = 'REFERENCE_RUNNING_TIME_TOP_BOTTOM'
