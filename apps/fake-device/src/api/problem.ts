import { FakeDeviceError } from '../fake-device-error.ts'

/** Why a request is refused, as the control API names it, with the HTTP status that goes with it. */
export const PROBLEMS = {
  FAKE_BAD_JSON: 400,
  FAKE_BAD_REQUEST: 400,
  FAKE_UNKNOWN_PROPERTY: 400,
  FAKE_VALUE_TYPE: 400,
  FAKE_VALUE_RANGE: 400,
  FAKE_STATE_INCOMPLETE: 400,
  FAKE_FORBIDDEN_HOST: 403,
  FAKE_FORBIDDEN_ORIGIN: 403,
  FAKE_UNKNOWN_ROUTE: 404,
  FAKE_UNKNOWN_DEVICE: 404,
  FAKE_UNKNOWN_ENDPOINT: 404,
  FAKE_UNKNOWN_FAULT: 404,
  FAKE_UNKNOWN_REGISTRATION: 404,
  FAKE_METHOD: 405,
  FAKE_CONFLICT: 409,
  FAKE_BODY_TOO_LARGE: 413,
  FAKE_MEDIA_TYPE: 415,
  FAKE_TOO_MANY_READERS: 503,
  FAKE_NOT_SETTLED: 504,
} as const

/** The codes of refused requests. */
export type ProblemCode = keyof typeof PROBLEMS
/** The HTTP statuses that go with them. */
export type ProblemStatus = (typeof PROBLEMS)[ProblemCode]

/** A request is refused, and nothing has changed. `path` names the part of the request that is meant. */
export class ApiProblem extends FakeDeviceError {
  override readonly name = 'ApiProblem'
  readonly code: ProblemCode
  readonly path: string

  constructor(code: ProblemCode, message: string, path = '') {
    super(message)
    this.code = code
    this.path = path
  }

  get status(): ProblemStatus {
    return PROBLEMS[this.code]
  }
}
