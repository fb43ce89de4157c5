import { serveEngines } from '@x/loop-utils/thread'
import { xmlRpcEngine } from './engine/xmlrpc-engine.ts'

serveEngines([xmlRpcEngine])
