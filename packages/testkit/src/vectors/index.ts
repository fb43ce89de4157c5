export {
  base64,
  boolean,
  bytes,
  hex,
  json,
  list,
  number,
  oneOf,
  optional,
  text,
  type Field,
  type FieldSource,
} from './field.ts'
export { loadVectors, type LoadVectorsOptions, type Shape, type VectorOf } from './load-vectors.ts'
export { VectorError, type VectorPlace } from './vector-error.ts'
