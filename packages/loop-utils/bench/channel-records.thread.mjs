import { serveEngines } from '@x/loop-utils/thread'
import { recordsEngine } from './channel-records.engine.mjs'

serveEngines([recordsEngine])
