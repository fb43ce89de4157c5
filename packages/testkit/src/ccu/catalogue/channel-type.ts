import type { Parameter } from './parameter.ts'

/** Which end of a direct link a channel may be: a sensor sends, an actuator receives. */
export type ChannelDirection = 'none' | 'sender' | 'receiver'

/** One kind of channel, shared by the devices that have it. */
export interface ChannelType {
  readonly direction: ChannelDirection
  readonly sourceRoles?: string
  readonly targetRoles?: string
  /** What happens at run time. */
  readonly values: readonly Parameter[]
  /** What is configured. */
  readonly master: readonly Parameter[]
}
