import type { ChannelType } from './channel-type.ts'
import { IP_CHANNEL_TYPES } from './channel-types-ip.ts'
import { action, bool, choice, float, integer, string } from './parameter.ts'

const AES = bool('AES_ACTIVE', 'rw')
const WORKING = bool('WORKING', 're')
const INHIBIT = bool('INHIBIT', 'rwe')
const ON_TIME = float('ON_TIME', 'w', { min: 0, max: 85_825_945.6, unit: 's' })
const TEMPERATURE = { min: -10, max: 56, initial: 20, unit: '°C' }

/** By the name that the interface gives in a description's TYPE. */
export const CHANNEL_TYPES: Readonly<Record<string, ChannelType>> = {
  ...IP_CHANNEL_TYPES,
  MAINTENANCE: {
    direction: 'none',
    values: [
      bool('UNREACH', 're', { isService: true }),
      bool('STICKY_UNREACH', 'rwe', { isService: true }),
      bool('CONFIG_PENDING', 're', { isService: true }),
      bool('LOWBAT', 're', { isService: true }),
      integer('RSSI_DEVICE', 're', { min: -128, max: 0, initial: -65, unit: 'dBm' }),
      integer('RSSI_PEER', 're', { min: -128, max: 0, initial: -70, unit: 'dBm' }),
    ],
    master: [],
  },
  SWITCH: {
    direction: 'receiver',
    targetRoles: 'SWITCH WCS_TIPTRONIC_SENSOR WEATHER_CS',
    values: [bool('STATE', 'rwe', { control: 'SWITCH.STATE' }), ON_TIME, INHIBIT, WORKING],
    master: [AES],
  },
  DIMMER: {
    direction: 'receiver',
    targetRoles: 'SWITCH WCS_TIPTRONIC_SENSOR WEATHER_CS',
    values: [
      float('LEVEL', 'rwe', { min: 0, max: 1, unit: '100%', control: 'DIMMER.LEVEL' }),
      action('OLD_LEVEL', 'w', { control: 'DIMMER.OLD_LEVEL' }),
      float('RAMP_TIME', 'w', { min: 0, max: 85_825_945.6, initial: 0.5, unit: 's' }),
      ON_TIME,
      choice('ERROR', 're', { names: ['NO_ERROR', 'LOAD_FAILURE'] }),
      WORKING,
    ],
    master: [AES, integer('TRANSMIT_TRY_MAX', 'rw', { min: 1, max: 10, initial: 6 })],
  },
  BLIND: {
    direction: 'receiver',
    targetRoles: 'SWITCH WCS_TIPTRONIC_SENSOR WEATHER_CS',
    values: [
      float('LEVEL', 'rwe', { min: 0, max: 1, unit: '100%', control: 'BLIND.LEVEL' }),
      action('STOP', 'w', { control: 'BLIND.STOP' }),
      choice('DIRECTION', 're', { names: ['NONE', 'UP', 'DOWN', 'UNDEFINED'] }),
      WORKING,
    ],
    master: [AES, float('REFERENCE_RUNNING_TIME_TOP_BOTTOM', 'rw', { min: 0.1, max: 6000, initial: 50, unit: 's' })],
  },
  SHUTTER_CONTACT: {
    direction: 'sender',
    sourceRoles: 'KEYMATIC SWITCH WINDOW_SWITCH_RECEIVER WINMATIC',
    values: [
      bool('STATE', 're', { control: 'DOOR_SENSOR.STATE' }),
      choice('ERROR', 're', { names: ['NO_ERROR', 'SABOTAGE'] }),
      bool('LOWBAT', 're'),
    ],
    master: [float('EVENT_DELAYTIME', 'rw', { min: 0, max: 7620, unit: 's' })],
  },
  ROTARY_HANDLE_SENSOR: {
    direction: 'sender',
    sourceRoles: 'KEYMATIC SWITCH WINDOW_SWITCH_RECEIVER WINMATIC',
    values: [
      choice('STATE', 're', { names: ['CLOSED', 'TILTED', 'OPEN'], control: 'RHS.STATE' }),
      choice('ERROR', 're', { names: ['NO_ERROR', 'SABOTAGE'] }),
      bool('LOWBAT', 're'),
    ],
    master: [float('EVENT_DELAYTIME', 'rw', { min: 0, max: 7620, initial: 3, unit: 's' })],
  },
  CLIMATECONTROL_RT_TRANSCEIVER: {
    direction: 'sender',
    sourceRoles: 'CLIMATECONTROL_RT',
    values: [
      float('SET_TEMPERATURE', 'rwe', {
        min: 4.5,
        max: 30.5,
        initial: 20,
        unit: '°C',
        control: 'HEATING_CONTROL.SETPOINT',
      }),
      float('ACTUAL_TEMPERATURE', 're', TEMPERATURE),
      integer('VALVE_STATE', 're', { min: 0, max: 99, unit: '%' }),
      choice('CONTROL_MODE', 're', { names: ['AUTO-MODE', 'MANU-MODE', 'PARTY-MODE', 'BOOST-MODE'] }),
      action('AUTO_MODE', 'w'),
      float('MANU_MODE', 'w', { min: 4.5, max: 30.5, initial: 20, unit: '°C' }),
      action('BOOST_MODE', 'w'),
      integer('BOOST_STATE', 're', { min: 0, max: 30, unit: 'min' }),
      float('BATTERY_STATE', 're', { min: 1.5, max: 4.6, initial: 2.9, unit: 'V' }),
      choice('FAULT_REPORTING', 're', {
        names: [
          'NO_FAULT',
          'VALVE_TIGHT',
          'ADJUSTING_RANGE_TOO_LARGE',
          'ADJUSTING_RANGE_TOO_SMALL',
          'COMMUNICATION_ERROR',
          'undefined',
          'LOWBAT',
          'VALVE_ERROR_POSITION',
        ],
      }),
      string('PARTY_MODE_SUBMIT', 'w'),
    ],
    master: [
      float('TEMPERATURE_COMFORT', 'rw', { min: 15, max: 30, initial: 21, unit: '°C' }),
      float('TEMPERATURE_LOWERING', 'rw', { min: 5, max: 25, initial: 17, unit: '°C' }),
    ],
  },
  WEATHER: {
    direction: 'sender',
    sourceRoles: 'WEATHER_T WEATHER_TH',
    values: [
      float('TEMPERATURE', 're', { min: -40, max: 80, initial: 20, unit: '°C' }),
      integer('HUMIDITY', 're', { min: 0, max: 99, initial: 50, unit: '%' }),
    ],
    master: [],
  },
  KEY: {
    direction: 'sender',
    sourceRoles: 'KEYMATIC SWITCH WINMATIC',
    values: [
      action('PRESS_SHORT', 'we', { control: 'BUTTON.SHORT' }),
      action('PRESS_LONG', 'we', { control: 'BUTTON.LONG' }),
      action('INSTALL_TEST', 'e'),
    ],
    master: [float('LONG_PRESS_TIME', 'rw', { min: 0.3, max: 1.8, initial: 0.4, unit: 's' }), AES],
  },
  MOTION_DETECTOR: {
    direction: 'sender',
    sourceRoles: 'KEYMATIC SWITCH WINMATIC',
    values: [
      bool('MOTION', 're', { control: 'MOTION_DETECTOR.MOTION' }),
      integer('BRIGHTNESS', 're', { min: 0, max: 255, initial: 100 }),
      choice('ERROR', 're', { names: ['NO_ERROR', 'SABOTAGE'] }),
    ],
    master: [integer('BRIGHTNESS_FILTER', 'rw', { min: 0, max: 7, initial: 7 })],
  },
  SMOKE_DETECTOR: {
    direction: 'sender',
    values: [
      bool('STATE', 're', { control: 'SMOKE_DETECTOR.STATE' }),
      bool('ERROR_ALARM_TEST', 're'),
      bool('LOWBAT', 're'),
    ],
    master: [],
  },
  POWERMETER: {
    direction: 'sender',
    values: [
      float('ENERGY_COUNTER', 're', { min: 0, max: 838_860.7, unit: 'Wh', control: 'POWERMETER.ENERGY_COUNTER' }),
      float('POWER', 're', { min: 0, max: 167_772.15, unit: 'W', control: 'POWERMETER.POWER' }),
      float('CURRENT', 're', { min: 0, max: 65_535, unit: 'mA' }),
      float('VOLTAGE', 're', { min: 0, max: 6553.5, initial: 230, unit: 'V' }),
      float('FREQUENCY', 're', { min: 48.72, max: 51.27, initial: 50, unit: 'Hz' }),
      bool('BOOT', 're'),
    ],
    master: [integer('TX_MINDELAY', 'rw', { min: 0, max: 120, initial: 8, unit: 's' })],
  },
}
