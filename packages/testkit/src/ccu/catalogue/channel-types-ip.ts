import type { ChannelType } from './channel-type.ts'
import { action, bool, choice, float, integer, string, type Parameter } from './parameter.ts'

const PROCESS = choice('PROCESS', 're', { names: ['STABLE', 'NOT_STABLE'] })
const SECTION = integer('SECTION', 're', { min: 0, max: 15 })
const ON_TIME = float('ON_TIME', 'w', { min: 0, max: 8_580_000, unit: 's' })
const RAMP_TIME = float('RAMP_TIME', 'w', { min: 0, max: 31_536_000, initial: 0.5, unit: 's' })
const ROUTER = bool('ROUTER_MODULE_ENABLED', 'rw')
const EVENT_DELAY = integer('EVENT_DELAY_VALUE', 'rw', { min: 0, max: 63 })
const LOGIC = choice('LOGIC_COMBINATION', 'rw', { names: ['LOGIC_INACTIVE', 'LOGIC_OR', 'LOGIC_AND', 'LOGIC_XOR'] })
const ACTUATOR_ROLES = 'SWITCH CONDITIONAL_SWITCH REMOTE_CONTROL'
const SENSOR_ROLES = 'CONDITIONAL_SWITCH WINDOW_SWITCH_RECEIVER'

const TEMPERATURES: readonly Parameter[] = [
  float('ACTUAL_TEMPERATURE', 're', { min: -40, max: 80, initial: 20.5, unit: '°C' }),
  choice('ACTUAL_TEMPERATURE_STATUS', 're', { names: ['NORMAL', 'UNKNOWN', 'OVERFLOW', 'UNDERFLOW'] }),
  integer('HUMIDITY', 're', { min: 0, max: 100, initial: 48, unit: '%' }),
]

/** The times and temperatures of three points of each day, as weekly programs are configured. */
const WEEK: readonly Parameter[] = [
  'MONDAY',
  'TUESDAY',
  'WEDNESDAY',
  'THURSDAY',
  'FRIDAY',
  'SATURDAY',
  'SUNDAY',
].flatMap((day) =>
  [1, 2, 3].flatMap((point) => [
    integer(`P1_ENDTIME_${day}_${point}`, 'rw', { min: 0, max: 1440, initial: point * 480, unit: 'minutes' }),
    float(`P1_TEMPERATURE_${day}_${point}`, 'rw', { min: 5, max: 30.5, initial: point === 2 ? 21 : 17, unit: '°C' }),
  ]),
)

/** Channels of the IP devices, by the name that the interface gives in a description's TYPE. */
export const IP_CHANNEL_TYPES: Readonly<Record<string, ChannelType>> = {
  SWITCH_TRANSMITTER: {
    direction: 'sender',
    sourceRoles: 'SWITCH CONDITIONAL_SWITCH',
    values: [bool('STATE', 're', { control: 'SWITCH.STATE' }), PROCESS, SECTION],
    master: [EVENT_DELAY],
  },
  SWITCH_VIRTUAL_RECEIVER: {
    direction: 'receiver',
    targetRoles: ACTUATOR_ROLES,
    values: [bool('STATE', 'rwe', { control: 'SWITCH.STATE' }), ON_TIME, PROCESS, SECTION],
    master: [LOGIC],
  },
  DIMMER_TRANSMITTER: {
    direction: 'sender',
    sourceRoles: 'SWITCH CONDITIONAL_SWITCH',
    values: [float('LEVEL', 're', { min: 0, max: 1.01, unit: '100%' }), PROCESS, SECTION],
    master: [EVENT_DELAY],
  },
  DIMMER_VIRTUAL_RECEIVER: {
    direction: 'receiver',
    targetRoles: ACTUATOR_ROLES,
    values: [
      float('LEVEL', 'rwe', { min: 0, max: 1.01, unit: '100%', control: 'DIMMER.LEVEL' }),
      RAMP_TIME,
      ON_TIME,
      PROCESS,
      SECTION,
    ],
    master: [LOGIC],
  },
  BLIND_TRANSMITTER: {
    direction: 'sender',
    sourceRoles: 'SWITCH CONDITIONAL_SWITCH',
    values: [float('LEVEL', 're', { min: 0, max: 1.01, unit: '100%' }), PROCESS, SECTION],
    master: [EVENT_DELAY],
  },
  BLIND_VIRTUAL_RECEIVER: {
    direction: 'receiver',
    targetRoles: ACTUATOR_ROLES,
    values: [
      float('LEVEL', 'rwe', { min: 0, max: 1.01, unit: '100%', control: 'BLIND.LEVEL' }),
      float('LEVEL_2', 'rwe', { min: 0, max: 1.01, unit: '100%', control: 'BLIND.LEVEL_2' }),
      action('STOP', 'w'),
      PROCESS,
      SECTION,
    ],
    master: [LOGIC],
  },
  KEY_TRANSCEIVER: {
    direction: 'sender',
    sourceRoles: 'REMOTE_CONTROL SWITCH',
    values: [
      action('PRESS_SHORT', 'e', { control: 'BUTTON_NO_FUNCTION.SHORT' }),
      action('PRESS_LONG', 'e'),
      action('PRESS_LONG_START', 'e'),
      action('PRESS_LONG_RELEASE', 'e'),
    ],
    master: [
      float('DBL_PRESS_TIME', 'rw', { min: 0, max: 1.5, unit: 's' }),
      float('LONG_PRESS_TIME', 'rw', { min: 0.3, max: 1.8, initial: 0.4, unit: 's' }),
    ],
  },
  MULTI_MODE_INPUT_TRANSMITTER: {
    direction: 'sender',
    sourceRoles: `REMOTE_CONTROL ${SENSOR_ROLES}`,
    values: [bool('STATE', 're'), action('PRESS_SHORT', 'e'), action('PRESS_LONG', 'e')],
    master: [EVENT_DELAY, choice('CHANNEL_OPERATION_MODE', 'rw', { names: ['INACTIVE', 'KEY', 'SWITCH', 'BINARY'] })],
  },
  ENERGIE_METER_TRANSMITTER: {
    direction: 'sender',
    values: [
      float('ENERGY_COUNTER', 're', { min: 0, max: 838_860.7, unit: 'Wh' }),
      bool('ENERGY_COUNTER_OVERFLOW', 're'),
      float('POWER', 're', { min: 0, max: 3680, unit: 'W' }),
      float('CURRENT', 're', { min: 0, max: 16_000, unit: 'mA' }),
      float('VOLTAGE', 're', { min: 0, max: 500, initial: 230, unit: 'V' }),
    ],
    master: [integer('TX_MINDELAY_VALUE', 'rw', { min: 0, max: 31, initial: 8 })],
  },
  WEEK_PROGRAM: {
    direction: 'none',
    values: [string('WEEK_PROGRAM_CHANNEL_LOCKS', 're'), integer('WEEK_PROGRAM_POINTER', 'rwe', { min: 0, max: 2 })],
    master: [],
  },
  HEATING_CLIMATECONTROL_TRANSCEIVER: {
    direction: 'receiver',
    sourceRoles: 'CLIMATE_CONTROL',
    targetRoles: 'HEATING_WINDOW_SWITCH REMOTE_CONTROL CLIMATE_CONTROL',
    values: [
      ...TEMPERATURES,
      float('SET_POINT_TEMPERATURE', 'rwe', { min: 4.5, max: 30.5, initial: 20, unit: '°C' }),
      choice('CONTROL_MODE', 'we', { names: ['AUTOMATIC', 'MANUAL', 'PARTY'] }),
      float('LEVEL', 're', { min: 0, max: 1.01, unit: '100%' }),
      bool('BOOST_MODE', 'rwe'),
      bool('WINDOW_STATE', 're'),
    ],
    master: WEEK,
  },
  CLIMATECONTROL_FLOOR_TRANSCEIVER: {
    direction: 'receiver',
    targetRoles: 'CLIMATE_CONTROL',
    values: [
      float('LEVEL', 're', { min: 0, max: 1.01, unit: '100%' }),
      choice('VALVE_STATE', 're', { names: ['OK', 'ERROR'] }),
    ],
    master: [ROUTER],
  },
  CLIMATE_TRANSCEIVER: {
    direction: 'sender',
    sourceRoles: 'CLIMATE_CONTROL CONDITIONAL_SWITCH',
    values: TEMPERATURES,
    master: [EVENT_DELAY],
  },
  MOTIONDETECTOR_TRANSCEIVER: {
    direction: 'sender',
    sourceRoles: SENSOR_ROLES,
    values: [
      bool('MOTION', 're', { control: 'MOTION_DETECTOR.MOTION' }),
      bool('MOTION_DETECTION_ACTIVE', 'rwe', { initial: true }),
      float('ILLUMINATION', 're', { min: 0, max: 163_830, initial: 120, unit: 'Lux' }),
    ],
    master: [EVENT_DELAY, integer('MIN_INTERVAL', 'rw', { min: 0, max: 4, initial: 1 })],
  },
  ROTARY_HANDLE_TRANSCEIVER: {
    direction: 'sender',
    sourceRoles: SENSOR_ROLES,
    values: [choice('STATE', 're', { names: ['CLOSED', 'TILTED', 'OPEN'], control: 'RHS.STATE' })],
    master: [EVENT_DELAY],
  },
  WATER_DETECTION_TRANSMITTER: {
    direction: 'sender',
    sourceRoles: SENSOR_ROLES,
    values: [bool('ALARMSTATE', 're'), bool('MOISTURE_DETECTED', 're'), bool('WATERLEVEL_DETECTED', 're')],
    master: [EVENT_DELAY],
  },
  WEATHER_TRANSMIT: {
    direction: 'sender',
    sourceRoles: 'CONDITIONAL_SWITCH WEATHER',
    values: [
      ...TEMPERATURES,
      float('WIND_SPEED', 're', { min: 0, max: 273.6, unit: 'km/h' }),
      float('RAIN_COUNTER', 're', { min: 0, max: 65_535, unit: 'mm' }),
      bool('RAINING', 're'),
    ],
    master: [],
  },
}
