export {
  ControlClient,
  type ControlClientOptions,
  type EventsOptions,
  type ReportRequest,
  type RequestOptions,
} from './control-client.ts'
export { ControlAnswerError, ControlRefusedError, ControlUnreachableError } from './control-errors.ts'
export type { ControlEvents } from './control-events.ts'
export type {
  CcuAnswer,
  CcuCall,
  CcuFaultOrder,
  CcuOutcome,
  CcuRegistration,
  CcuView,
  ControlEvent,
  ControlEventData,
  ControlEventType,
  DeviceSpec,
  DeviceState,
  DeviceView,
  FaultRequest,
  FaultView,
  HealthView,
  Observation,
  ObservationList,
  ObservationView,
  ProblemView,
  PropertyValue,
  PropertyView,
} from './wire.ts'
