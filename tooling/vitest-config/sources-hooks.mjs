import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { transformSync } from 'oxc-transform'

export async function resolve(specifier, context, nextResolve) {
  // a down-levelled `await using` imports this runtime, which only this folder depends on
  if (specifier.startsWith('@oxc-project/runtime/')) {
    return nextResolve(specifier, { ...context, parentURL: import.meta.url })
  }
  try {
    return await nextResolve(specifier, context)
  } catch (error) {
    if (error?.code !== 'ERR_MODULE_NOT_FOUND' || !specifier.endsWith('.js')) throw error
    return nextResolve(`${specifier.slice(0, -3)}.ts`, context)
  }
}

export async function load(url, context, nextLoad) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return nextLoad(url, context)
  const path = fileURLToPath(url)
  const text = await readFile(path, 'utf8')
  const { code, map, errors } = transformSync(path, text, { sourcemap: true, target: 'es2023' })
  if (errors.length > 0) {
    throw new SyntaxError(errors.map((error) => error.codeframe ?? error.message).join('\n'))
  }
  const inlined = Buffer.from(JSON.stringify(map)).toString('base64')
  return {
    format: 'module',
    shortCircuit: true,
    source: `${code}\n//# sourceMappingURL=data:application/json;base64,${inlined}`,
  }
}
