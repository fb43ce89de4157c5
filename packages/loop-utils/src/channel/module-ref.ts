import { isAbsolute } from 'node:path'
import { pathToFileURL } from 'node:url'
import { OptionError } from '../errors/option-error.ts'
import { XError } from '../errors/x-error.ts'

/** Names a function or object that cannot cross a thread by where it is exported: the engine imports it itself. */
export interface ModuleRef {
  /**
   * A URL, such as `new URL('./lookup.js', import.meta.url)` or `import.meta.resolve('some-package')`, or an absolute
   * path. A relative path or bare package name would be resolved from the wrong place.
   */
  readonly module: URL | string
  /** Name of the export, `'default'` included. */
  readonly export: string
}

/** A {@link ModuleRef} that can cross. */
export interface PlainModuleRef {
  readonly module: string
  readonly export: string
}

/** What a {@link ModuleRef} names could not be had. */
export class ModuleRefError extends XError {
  override readonly name = 'ModuleRefError'
  readonly code = 'LOOP_MODULE_REF'
  readonly module: string
  readonly export: string

  constructor(ref: PlainModuleRef, options?: ErrorOptions) {
    super(
      options === undefined
        ? `module ${ref.module} has no export '${ref.export}'; check its name`
        : `module ${ref.module} could not be loaded; see the cause`,
      options,
    )
    this.module = ref.module
    this.export = ref.export
  }
}

/** Whether an option is a {@link ModuleRef} by its form. */
export function isModuleRef(value: unknown): value is ModuleRef {
  if (typeof value !== 'object' || value === null || !('module' in value) || !('export' in value)) return false
  return typeof value.export === 'string' && (typeof value.module === 'string' || value.module instanceof URL)
}

/**
 * The reference in a form that can cross.
 *
 * @param option names it in the error
 * @throws OptionError when the module is neither a URL nor an absolute path
 */
export function toPlainModuleRef(ref: ModuleRef, option = 'moduleRef'): PlainModuleRef {
  const expected = 'a URL or an absolute path, as new URL(name, import.meta.url) makes'
  if (!isModuleRef(ref)) throw new OptionError(option, ref, '{ module, export }')
  const { module } = ref
  if (module instanceof URL) return { module: module.href, export: ref.export }
  if (isAbsolute(module)) return { module: pathToFileURL(module).href, export: ref.export }
  if (!URL.canParse(module)) throw new OptionError(`${option}.module`, module, expected)
  return { module, export: ref.export }
}

/**
 * Imports what a reference names. `T` is what the caller takes it for: check it before use.
 *
 * @throws ModuleRefError when the module cannot be loaded or has no such export
 * @throws OptionError
 */
export async function loadModuleRef<T = unknown>(ref: ModuleRef): Promise<T> {
  const plain = toPlainModuleRef(ref)
  const exports = await importModule(plain)
  if (!Object.hasOwn(exports, plain.export)) throw new ModuleRefError(plain)
  return exports[plain.export] as T
}

async function importModule(ref: PlainModuleRef): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(ref.module)) as Record<string, unknown>
  } catch (cause) {
    throw new ModuleRefError(ref, { cause })
  }
}
