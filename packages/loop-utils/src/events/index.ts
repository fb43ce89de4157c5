export { KeyedListeners, type AnyKeyListener, type KeyedEvent, type KeyedListenersOptions } from './keyed-listeners.ts'
export {
  TypedEmitter,
  type EmitterOptions,
  type EventArguments,
  type EventGate,
  type EventListener,
  type ListenerErrorHandler,
} from './typed-emitter.ts'
