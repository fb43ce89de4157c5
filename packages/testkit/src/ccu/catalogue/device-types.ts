import { expandLayout } from './channel-layout.ts'

/** One type of device. Channel 0 is always MAINTENANCE and not listed. */
export interface DeviceType {
  /** As the interface names it in a description's TYPE. */
  readonly type: string
  /** What it is, in words. */
  readonly label: string
  /** The types of its channels, from channel 1 on. */
  readonly channels: readonly string[]
  readonly firmware: string
  /** Version of the device's description. */
  readonly version: number
  /** When it listens: 1 always, 2 burst, 4 after config, 8 after wake-up; summed. */
  readonly rxMode: number
}

type Row = readonly [type: string, label: string, channels: string, firmware: string, version: number, rxMode: number]

/** `KEY*2` stands for two channels of that type. */
const ROWS: readonly Row[] = [
  ['HM-LC-Sw1-Pl', 'switch actuator', 'SWITCH', '1.9', 6, 1],
  ['HM-LC-Sw4-DR', 'switch actuator, four channels', 'SWITCH*4', '2.3', 16, 1],
  ['HM-LC-Dim1T-Pl', 'dimmer', 'DIMMER', '1.9', 14, 1],
  ['HM-LC-Bl1-FM', 'blind actuator', 'BLIND', '2.5', 11, 1],
  ['HM-ES-PMSw1-Pl', 'switch actuator with power meter', 'SWITCH POWERMETER', '1.6', 12, 1],
  ['HM-CC-RT-DN', 'radiator thermostat', 'CLIMATECONTROL_RT_TRANSCEIVER', '1.4', 17, 2],
  ['HM-WDS40-TH-I-2', 'temperature and humidity sensor', 'WEATHER', '1.2', 10, 4],
  ['HM-Sec-SC-2', 'window contact', 'SHUTTER_CONTACT', '2.0', 16, 12],
  ['HM-Sec-RHS', 'window handle sensor', 'ROTARY_HANDLE_SENSOR', '2.2', 15, 12],
  ['HM-Sec-MDIR-2', 'motion detector', 'MOTION_DETECTOR', '1.6', 13, 12],
  ['HM-Sec-SD', 'smoke detector', 'SMOKE_DETECTOR', '1.1', 3, 2],
  ['HM-PB-2-WM55-2', 'push button, two channels', 'KEY*2', '1.2', 12, 12],
]

/** The types of devices that the household is made of, by name. The catalogue has many more. */
export const DEVICE_TYPES: ReadonlyMap<string, DeviceType> = new Map(
  ROWS.map(([type, label, channels, firmware, version, rxMode]) => [
    type,
    { type, label, channels: expandLayout(channels), firmware, version, rxMode },
  ]),
)
