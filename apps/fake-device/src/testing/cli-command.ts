import { fileURLToPath } from 'node:url'

/** Flags of Node that decide how modules are found and loaded. */
const LOADING = /^(--import|--require|-r|--loader|--experimental-loader|--conditions|-C)(=|$)/

/** How to start the command line program: from what was built, or from the sources that this file belongs to. */
export function cliCommand(
  here: string = import.meta.url,
  execArgv: readonly string[] = process.execArgv,
): [string, ...string[]] {
  const isSource = here.endsWith('.ts')
  const cli = fileURLToPath(new URL(isSource ? '../cli.ts' : '../cli.js', here))
  return [process.execPath, ...(isSource ? loadingFlags(execArgv) : []), cli]
}

/** Sources are loaded as this process loads them; an inspector or an `--eval` are not handed on. */
function loadingFlags(execArgv: readonly string[]): readonly string[] {
  return execArgv.flatMap((flag, index) => {
    if (!LOADING.test(flag)) return []
    return flag.includes('=') ? [flag] : [flag, execArgv[index + 1] ?? '']
  })
}
