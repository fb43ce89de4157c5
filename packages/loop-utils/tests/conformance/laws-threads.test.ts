import { holdLaws } from './hold-laws.ts'

holdLaws('thread')
