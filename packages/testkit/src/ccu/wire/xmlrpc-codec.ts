import { createRequire } from 'node:module'

/** Writes documents. Of the npm library `xmlrpc`, which has no types for it. */
export interface Serializer {
  serializeMethodCall(method: string, params: readonly unknown[]): string
  serializeMethodResponse(value: unknown): string
  serializeFault(fault: { readonly faultCode: number; readonly faultString: string }): string
}

/** What a document is read from: the library asks for a stream that it can pipe. */
export interface DocumentSource {
  setEncoding(encoding: string): void
  on(event: 'error', listener: (error: Error) => void): void
  pipe(parser: { write(text: string): unknown; end(): unknown }): void
}

/** Reads one document. */
export interface Deserializer {
  deserializeMethodCall(
    source: DocumentSource,
    callback: (error: unknown, method?: string, params?: readonly unknown[]) => void,
  ): void
  deserializeMethodResponse(source: DocumentSource, callback: (error: unknown, value?: unknown) => void): void
}

const require = createRequire(import.meta.url)

/** The library's writer. */
export const serializer: Serializer = require('xmlrpc/lib/serializer.js') as Serializer

/** Makes the library's reader, which reads one document. */
export const createDeserializer: () => Deserializer = (() => {
  const Class = require('xmlrpc/lib/deserializer.js') as new () => Deserializer
  return () => new Class()
})()
