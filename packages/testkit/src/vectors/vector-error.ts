import { TestkitError } from '../errors.ts'

/** Where in a vectors file something is wrong. */
export interface VectorPlace {
  readonly file: string
  /** Position of the vector in its list; undefined when the file as a whole is meant. */
  readonly index?: number
  /** The name under which the vector goes, when it has one. */
  readonly id?: string
  readonly field?: string
}

/** A vectors file cannot be read, or one of its vectors is not of the declared shape. */
export class VectorError extends TestkitError {
  override readonly name = 'VectorError'
  readonly code = 'TESTKIT_VECTOR'
  readonly file: string
  readonly index: number | undefined
  readonly id: string | undefined
  readonly field: string | undefined

  constructor(problem: string, place: VectorPlace, cause?: unknown) {
    super(`${describe(place)}: ${problem}`, cause === undefined ? undefined : { cause })
    this.file = place.file
    this.index = place.index
    this.id = place.id
    this.field = place.field
  }
}

function describe({ file, index, id, field }: VectorPlace): string {
  const vector = index === undefined ? '' : `, vector ${index}${id === undefined ? '' : ` ('${id}')`}`
  return `${file}${vector}${field === undefined ? '' : `, field ${field}`}`
}
