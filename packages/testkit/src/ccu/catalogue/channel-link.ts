import { choice, float, integer, type Parameter } from './parameter.ts'
import type { ChannelType } from './channel-type.ts'

const EXPECTS: Parameter = integer('EXPECT_AES', 'rw', { min: 0, max: 1 })

const RECEIVER: readonly Parameter[] = [
  choice('SHORT_ACTION_TYPE', 'rw', { names: ['INACTIVE', 'JUMP_TO_TARGET', 'TOGGLE_TO_COUNTER'], initial: 1 }),
  float('SHORT_ON_TIME', 'rw', { min: 0, max: 111_600, initial: 111_600, unit: 's' }),
  float('SHORT_OFF_TIME', 'rw', { min: 0, max: 111_600, initial: 111_600, unit: 's' }),
  float('LONG_ON_TIME', 'rw', { min: 0, max: 111_600, initial: 111_600, unit: 's' }),
]

const SENDER: readonly Parameter[] = [EXPECTS, integer('PEER_NEEDS_BURST', 'rw', { min: 0, max: 1 })]

/** What is configured of a direct link at one of its ends. */
export function linkParameters({ direction }: ChannelType): readonly Parameter[] {
  if (direction === 'none') return []
  return direction === 'receiver' ? RECEIVER : SENDER
}
