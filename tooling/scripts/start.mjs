// `npm start`: builds what is not built, then runs the fake devices and the demo hub until Ctrl-C.
import { spawn, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const isWindows = process.platform === 'win32'

const build = spawnSync('turbo', ['run', 'build', '--filter=@x/demo-hub...', '--output-logs=errors-only'], {
  cwd: root,
  stdio: ['ignore', process.stderr, 'inherit'],
  shell: isWindows,
})
if (build.status !== 0) process.exit(build.status ?? 1)

const hub = spawn(process.execPath, ['apps/demo-hub/dist/cli.js', ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
})
// the terminal signals the whole process group; the hub closes in order and this process follows it
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => hub.kill(signal))
hub.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143)))
