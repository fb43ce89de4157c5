/**
 * A series of devices that differ in their channels and in how they are built: every layout comes in every build, as
 * `<series><layout>-<build>`.
 */
export interface DeviceFamily {
  readonly series: string
  readonly label: string
  /** Channels by layout: `KEY*2` is two of them, `[A B*3]*2` the group twice. */
  readonly layouts: Readonly<Record<string, string>>
  readonly builds: string
  readonly rxMode: number
}

const ALWAYS = 1
const BURST = 2
/** Asleep until it wakes by itself, or is configured. */
const ASLEEP = 12

const OUTPUT = 'SWITCH_TRANSMITTER SWITCH_VIRTUAL_RECEIVER*3'
const LAMP = 'DIMMER_TRANSMITTER DIMMER_VIRTUAL_RECEIVER*3'
const DRIVE = 'BLIND_TRANSMITTER BLIND_VIRTUAL_RECEIVER*3'
const METER = 'ENERGIE_METER_TRANSMITTER'
const MAINS = 'P F B D U'

/** Kept by hand: families, their layouts and builds, in the manner of what radio and wired interfaces present. */
export const DEVICE_FAMILIES: readonly DeviceFamily[] = [
  family('HM-LC-Sw', 'switch actuator', { 1: 'SWITCH', 2: 'SWITCH*2', 4: 'SWITCH*4' }, ['Pl FM SM DR PCB CP WM Ba']),
  family('HM-LC-Dim', 'dimmer', { '1T': dim(1), '1L': dim(1), '2T': dim(2), '2L': dim(2) }, ['Pl FM CV SM DR DF']),
  family('HM-LC-Bl', 'blind actuator', { 1: 'BLIND', 2: 'BLIND*2' }, ['Pl FM SM PB DR']),
  family('HM-ES-PMSw', 'switch actuator with power meter', { 1: 'SWITCH POWERMETER' }, ['Pl DR SM FM CP']),
  family('HM-ES-TX', 'meter reader', { 1: 'POWERMETER', 2: 'POWERMETER*2' }, ['WM IR Gas'], ASLEEP),
  family('HM-PB', 'push button', { 2: 'KEY*2', 4: 'KEY*4', 6: 'KEY*6' }, ['WM WM55 FM CP'], ASLEEP),
  family('HM-RC', 'remote control', { 4: 'KEY*4', 8: 'KEY*8', 12: 'KEY*12', 19: 'KEY*19' }, ['A B Sec Dis'], ASLEEP),
  family('HM-SwI', 'switch interface', { 3: 'KEY*3', 6: 'KEY*6' }, ['FM CP SM'], ASLEEP),
  family('HM-SCI', 'contact interface', { 3: 'SHUTTER_CONTACT*3', 8: 'SHUTTER_CONTACT*8' }, ['FM PCB SM'], ASLEEP),
  family('HM-Sec-C', 'window contact', { 1: 'SHUTTER_CONTACT' }, ['Mag Opt Tilt In'], ASLEEP),
  family('HM-Sec-H', 'window handle sensor', { 1: 'ROTARY_HANDLE_SENSOR' }, ['Std Fl'], ASLEEP),
  family('HM-Sec-M', 'motion detector', { 1: 'MOTION_DETECTOR', 2: 'MOTION_DETECTOR KEY' }, ['In Out FM'], ASLEEP),
  family('HM-Sec-S', 'smoke detector', { 1: 'SMOKE_DETECTOR' }, ['A B C'], BURST),
  family('HM-WDS', 'climate sensor', { T: 'WEATHER', TH: 'WEATHER', TH2: 'WEATHER*2' }, ['I O OT'], ASLEEP),
  family('HM-CC-RT', 'radiator thermostat', { 1: 'CLIMATECONTROL_RT_TRANSCEIVER' }, ['N S VD'], BURST),
  family('HM-CC-TC', 'wall thermostat', { 1: 'WEATHER CLIMATECONTROL_RT_TRANSCEIVER' }, ['W55 AP'], BURST),
  family('HMW-IO', 'wired in- and outputs', { 12: 'KEY*6 SWITCH*6', 24: 'KEY*12 SWITCH*12' }, ['DR FM SM']),
  family('HMW-LC', 'wired actuator', { Sw2: 'KEY*2 SWITCH*2', Bl1: 'KEY*2 BLIND', Dim1: 'KEY*2 DIMMER' }, ['DR FM']),

  family('HmIP-S', 'switch actuator', { 1: ip(OUTPUT, 1), 2: ip(OUTPUT, 2), 4: ip(OUTPUT, 4) }, [MAINS]),
  family('HmIP-SM', 'switch actuator with meter', { 1: `${ip(OUTPUT, 1)} ${METER}` }, [`${MAINS} CH IT UK`]),
  family('HmIP-L', 'dimmer', { 1: ip(LAMP, 1), 2: ip(LAMP, 2), 3: ip(LAMP, 3) }, [MAINS]),
  family('HmIP-J', 'blind actuator', { 1: ip(DRIVE, 1), 4: ip(DRIVE, 4) }, [MAINS]),
  family('HmIP-K', 'push button', keys(2, 4, 6, 8), ['WM WM55 FM CP ST'], ASLEEP),
  family('HmIP-IO', 'contact interface', { 1: port(1), 6: port(6), 12: port(12), 32: port(32) }, ['FM PCB DR'], ASLEEP),
  family('HmIP-C', 'window contact', { 1: 'SHUTTER_CONTACT' }, ['Mag Opt Inv Plus'], ASLEEP),
  family('HmIP-G', 'window handle sensor', { 1: 'ROTARY_HANDLE_TRANSCEIVER' }, ['Std Fl'], ASLEEP),
  family(
    'HmIP-M',
    'motion detector',
    { I: 'MOTIONDETECTOR_TRANSCEIVER', IK: 'KEY_TRANSCEIVER*2 MOTIONDETECTOR_TRANSCEIVER' },
    ['In Out 55'],
    ASLEEP,
  ),
  family('HmIP-R', 'radiator thermostat', { 1: heat(1), E: heat(1), B: heat(1) }, ['N S C UK'], BURST),
  family('HmIP-W', 'wall thermostat', { 1: `${heat(1)} SWITCH_TRANSMITTER`, 2: heat(2) }, ['D H I B'], BURST),
  family('HmIP-FA', 'floor heating actuator', { 6: floor(6), 10: floor(10) }, ['24 230 M']),
  family('HmIP-T', 'climate sensor', { I: 'CLIMATE_TRANSCEIVER', O: 'CLIMATE_TRANSCEIVER' }, ['A B C'], ASLEEP),
  family('HmIP-Z', 'weather station', { 1: 'WEATHER_TRANSMIT', 2: 'WEATHER_TRANSMIT*2' }, ['B P'], ASLEEP),
  family('HmIP-A', 'smoke and water alarm', { S: 'SMOKE_DETECTOR', W: 'WATER_DETECTION_TRANSMITTER' }, ['A B'], ASLEEP),
  family('HmIPW-DR', 'wired actuator', { S8: ip(OUTPUT, 8), D3: ip(LAMP, 3), B4: ip(DRIVE, 4) }, ['A B']),
]

/** `builds` is a list of one text, the builds in it apart by spaces. */
function family(
  series: string,
  label: string,
  // oxlint-disable-next-line eslint/max-params -- a row of a table
  layouts: Readonly<Record<string, string>>,
  [builds]: readonly [builds: string],
  rxMode: number = ALWAYS,
): DeviceFamily {
  return { series, label, layouts, builds, rxMode }
}
