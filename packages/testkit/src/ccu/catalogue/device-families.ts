/**
 * A series of devices that differ in their channels and in how they are built: every layout comes in every build, as
 * `<series><layout>-<build>`.
 */
export interface DeviceFamily {
  readonly series: string
  readonly label: string
  /** Channels by layout: `KEY*2` is two of them, `[A B*3]*2` the group twice. */
  readonly layouts: Readonly<Record<string, string>>
  readonly builds: readonly string[]
  readonly rxMode: number
}

type Row = readonly [
  series: string,
  label: string,
  layouts: Readonly<Record<string, string>>,
  builds: string,
  rxMode?: number,
]

const ALWAYS = 1
const BURST = 2
/** Asleep until it wakes by itself, or is configured. */
const ASLEEP = 12

const OUTPUT = '[SWITCH_TRANSMITTER SWITCH_VIRTUAL_RECEIVER*3]'
const LAMP = '[DIMMER_TRANSMITTER DIMMER_VIRTUAL_RECEIVER*3]'
const DRIVE = '[BLIND_TRANSMITTER BLIND_VIRTUAL_RECEIVER*3]'
const METERED = `KEY_TRANSCEIVER ${OUTPUT} ENERGIE_METER_TRANSMITTER WEEK_PROGRAM`
const HEATING = 'HEATING_CLIMATECONTROL_TRANSCEIVER'
const FLOOR = 'CLIMATECONTROL_FLOOR_TRANSCEIVER'
const CONTACT = 'MULTI_MODE_INPUT_TRANSMITTER'
const PIR = 'MOTIONDETECTOR_TRANSCEIVER'
const CLIMATE = 'CLIMATE_TRANSCEIVER'

/** Kept by hand, in the manner of what the radio, the wired and the IP interfaces present. */
const ROWS: readonly Row[] = [
  ['HM-LC-Sw', 'switch actuator', { 1: 'SWITCH', 2: 'SWITCH*2', 4: 'SWITCH*4' }, 'Pl FM SM DR PCB CP WM Ba'],
  ['HM-LC-Dim', 'dimmer', { '1T': 'DIMMER*3', '1L': 'DIMMER*3', '2T': 'DIMMER*6' }, 'Pl FM CV SM DR DF'],
  ['HM-LC-Bl', 'blind actuator', { 1: 'BLIND', 2: 'BLIND*2' }, 'Pl FM SM PB DR'],
  ['HM-ES-PMSw', 'switch actuator with power meter', { 1: 'SWITCH POWERMETER' }, 'Pl DR SM FM CP'],
  ['HM-ES-TX', 'meter reader', { 1: 'POWERMETER', 2: 'POWERMETER*2' }, 'WM IR Gas', ASLEEP],
  ['HM-PB', 'push button', { 2: 'KEY*2', 4: 'KEY*4', 6: 'KEY*6' }, 'WM WM55 FM CP A B ST', ASLEEP],
  ['HM-RC', 'remote control', { 4: 'KEY*4', 8: 'KEY*8', 12: 'KEY*12', 19: 'KEY*19' }, 'A B Sec', ASLEEP],
  ['HM-SwI', 'switch interface', { 3: 'KEY*3', 6: 'KEY*6' }, 'FM CP SM DR A PCB', ASLEEP],
  ['HM-SCI', 'contact interface', { 3: 'SHUTTER_CONTACT*3', 5: 'SHUTTER_CONTACT*5' }, 'FM PCB SM', ASLEEP],
  ['HM-Sec-C', 'window contact', { 1: 'SHUTTER_CONTACT' }, 'Mag Opt Tilt In', ASLEEP],
  ['HM-Sec-H', 'window handle sensor', { 1: 'ROTARY_HANDLE_SENSOR' }, 'Std Fl', ASLEEP],
  ['HM-Sec-M', 'motion detector', { 1: 'MOTION_DETECTOR', 2: 'MOTION_DETECTOR KEY' }, 'In Out FM', ASLEEP],
  ['HM-Sec-S', 'smoke detector', { 1: 'SMOKE_DETECTOR' }, 'A B C D E F', BURST],
  ['HM-WDS', 'climate sensor', { T: 'WEATHER', TH: 'WEATHER', TH2: 'WEATHER*2' }, 'I O OT', ASLEEP],
  ['HM-CC-RT', 'radiator thermostat', { 1: 'CLIMATECONTROL_RT_TRANSCEIVER' }, 'N S VD', BURST],
  ['HM-CC-TC', 'wall thermostat', { 1: 'WEATHER CLIMATECONTROL_RT_TRANSCEIVER' }, 'W55 AP', BURST],
  ['HMW-IO', 'wired in- and outputs', { 12: 'KEY*6 SWITCH*6', 24: 'KEY*12 SWITCH*12' }, 'DR FM SM'],
  ['HMW-LC', 'wired actuator', { Sw2: 'KEY*2 SWITCH*2', Bl1: 'KEY*2 BLIND', Dim1: 'KEY*2 DIMMER' }, 'DR FM'],
  [
    'HmIP-S',
    'switch actuator',
    { 1: `${OUTPUT} WEEK_PROGRAM`, 2: `${OUTPUT}*2`, 4: `${OUTPUT}*4` },
    'P F B D U CH IT UK FR DR',
  ],
  ['HmIP-SM', 'switch actuator with power meter', { 1: METERED }, 'P F B D U CH IT UK'],
  ['HmIP-L', 'dimmer', { 1: `${LAMP} WEEK_PROGRAM`, 2: `${LAMP}*2`, 3: `${LAMP}*3` }, 'P F B D U CH IT UK FR DR'],
  [
    'HmIP-J',
    'blind actuator',
    { 1: `KEY_TRANSCEIVER*2 ${DRIVE} WEEK_PROGRAM`, 4: `${DRIVE}*4` },
    'P F B D U CH IT UK FR DR',
  ],
  [
    'HmIP-K',
    'push button',
    { 2: 'KEY_TRANSCEIVER*2', 4: 'KEY_TRANSCEIVER*4', 6: 'KEY_TRANSCEIVER*6', 8: 'KEY_TRANSCEIVER*8' },
    'WM W55 FM CP ST A B CH UK',
    ASLEEP,
  ],
  ['HmIP-IO', 'input interface', { 1: CONTACT, 6: `${CONTACT}*6`, 12: `${CONTACT}*12` }, 'FM PCB DR A B CP', ASLEEP],
  ['HmIP-C', 'window contact', { 1: 'SHUTTER_CONTACT', 2: 'SHUTTER_CONTACT KEY_TRANSCEIVER' }, 'Mag Opt Inv', ASLEEP],
  ['HmIP-G', 'window handle sensor', { 1: 'ROTARY_HANDLE_TRANSCEIVER' }, 'Std Fl', ASLEEP],
  ['HmIP-M', 'motion detector', { I: PIR, IK: `KEY_TRANSCEIVER*2 ${PIR}` }, 'In Out W55', ASLEEP],
  [
    'HmIP-R',
    'radiator thermostat',
    { 1: HEATING, E: HEATING, B: `${HEATING} WEEK_PROGRAM` },
    'N S C UK A B FR IT',
    BURST,
  ],
  [
    'HmIP-W',
    'wall thermostat',
    { 1: HEATING, 2: `${HEATING} ${OUTPUT}`, 3: `${HEATING} ${CLIMATE}` },
    'D H I B',
    BURST,
  ],
  ['HmIP-FA', 'floor heating actuator', { 6: `${FLOOR}*6`, 10: `${FLOOR}*10` }, '24 230 M'],
  ['HmIP-T', 'climate sensor', { I: CLIMATE, O: CLIMATE, H: `${CLIMATE} KEY_TRANSCEIVER` }, 'A B C', ASLEEP],
  ['HmIP-Z', 'weather station', { 1: 'WEATHER_TRANSMIT', 2: 'WEATHER_TRANSMIT*2' }, 'B P', ASLEEP],
  ['HmIP-A', 'alarm detector', { S: 'SMOKE_DETECTOR', W: 'WATER_DETECTION_TRANSMITTER' }, 'A B C', ASLEEP],
  ['HmIPW-DR', 'wired actuator', { S8: `${OUTPUT}*8`, D3: `${LAMP}*3`, B4: `${DRIVE}*4` }, 'A B'],
]

/** The families of which the catalogue is made. */
export const DEVICE_FAMILIES: readonly DeviceFamily[] = ROWS.map(([series, label, layouts, builds, rxMode]) => ({
  series,
  label,
  layouts,
  builds: builds.split(' '),
  rxMode: rxMode ?? ALWAYS,
}))
