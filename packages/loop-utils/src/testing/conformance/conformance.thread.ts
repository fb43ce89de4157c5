import { serveEngines } from '../../channel/thread.ts'
import { conformanceEngine } from './conformance-engine.ts'

serveEngines([conformanceEngine])
