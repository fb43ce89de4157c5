export {
  TypedEmitter,
  type EmitterOptions,
  type EventArguments,
  type EventGate,
  type EventListener,
  type ListenerErrorHandler,
} from './typed-emitter.ts'
