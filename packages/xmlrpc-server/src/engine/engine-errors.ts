import { ErrorRevival } from '@x/loop-utils/errors'
import { BindError } from './bind-error.ts'

/** The error classes that cross from the engine to the facade. */
export const engineErrors: ErrorRevival = new ErrorRevival({ XMLRPC_BIND: BindError })
