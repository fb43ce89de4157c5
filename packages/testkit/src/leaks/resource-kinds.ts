import type { LeakKind } from './leak.ts'

/** A resource as `async_hooks` hands it out. Everything on it may be missing. */
export type Resource = Readonly<Record<string, unknown>>

/** How to see that a resource lives, and what to call it. */
export interface ResourceKind {
  readonly kind: LeakKind
  isAlive(resource: Resource): boolean
  describe(resource: Resource): string
  /** Counts only when user code asked for it, or when it keeps the process alive. */
  readonly isOftenInternal?: boolean
}

/** By the type names of `async_hooks`. */
export const RESOURCE_KINDS: ReadonlyMap<string, ResourceKind> = new Map<string, ResourceKind>([
  [
    'Timeout',
    {
      kind: 'timer',
      isAlive: isPending,
      describe: (timer) =>
        `${typeof timer['_repeat'] === 'number' ? 'interval' : 'timeout'} of ${String(timer['_idleTimeout'])} ms${isReferenced(timer) ? '' : ' (unreferenced)'}`,
      isOftenInternal: true,
    },
  ],
  ['Immediate', { kind: 'immediate', isAlive: isPending, describe: () => 'immediate', isOftenInternal: true }],
  // sockets that wait in a keep-alive pool are unreferenced
  ['TCPWRAP', { kind: 'socket', isAlive: isReferenced, describe: describeSocket }],
  ['PIPEWRAP', { kind: 'pipe', isAlive: isReferenced, describe: () => 'pipe or local socket' }],
  ['MESSAGEPORT', { kind: 'port', isAlive: isReferenced, describe: () => 'message port with a listener' }],
  ['FSEVENTWRAP', { kind: 'watcher', isAlive: isReferenced, describe: () => 'file watcher' }],
  ['STATWATCHER', { kind: 'watcher', isAlive: isReferenced, describe: () => 'file watcher' }],
  ['TCPSERVERWRAP', { kind: 'server', isAlive: isOpen, describe: describeSocket }],
  ['PIPESERVERWRAP', { kind: 'server', isAlive: isOpen, describe: () => 'local socket' }],
  ['UDPWRAP', { kind: 'datagram', isAlive: isOpen, describe: describeSocket }],
  ['WORKER', { kind: 'worker', isAlive: isOpen, describe: ({ threadId }) => `thread ${String(threadId)}` }],
  ['PROCESSWRAP', { kind: 'child', isAlive: isOpen, describe: ({ pid }) => `process ${String(pid)}` }],
  [
    'FILEHANDLE',
    {
      kind: 'file',
      isAlive: ({ fd }) => typeof fd === 'number' && fd >= 0,
      describe: ({ fd }) => `open file, descriptor ${String(fd)}`,
    },
  ],
])

/** Names in `process.getActiveResourcesInfo()` of what the table above follows one by one. */
export const FOLLOWED_RESOURCES: ReadonlySet<string> = new Set([
  'Timeout',
  'Immediate',
  'TickObject',
  'TCPSocketWrap',
  'PipeWrap',
  'MessagePort',
  'FSEvent',
  'StatWatcher',
  'TCPServerWrap',
  'PipeServerWrap',
  'UDPWrap',
  'Worker',
  'ProcessWrap',
])

/** Whether a resource lives and keeps the process alive. */
export function isReferenced(resource: Resource): boolean {
  return callMethod(resource, 'hasRef') === true
}

/** A handle that was closed no longer answers whether it is referenced. */
function isOpen(resource: Resource): boolean {
  return callMethod(resource, 'hasRef') !== undefined
}

function isPending(resource: Resource): boolean {
  return resource['_destroyed'] === false
}

function describeSocket(resource: Resource): string {
  const local = addressOf(resource, 'getsockname')
  const peer = addressOf(resource, 'getpeername')
  if (local === undefined) return 'not bound'
  return peer === undefined ? local : `${local} to ${peer}`
}

function addressOf(resource: Resource, method: 'getsockname' | 'getpeername'): string | undefined {
  const found: { address?: string; port?: number } = {}
  callMethod(resource, method, found)
  return found.address === undefined ? undefined : `${found.address}:${found.port}`
}

function callMethod(resource: Resource, name: string, ...args: readonly unknown[]): unknown {
  const method = resource[name]
  if (typeof method !== 'function') return undefined
  try {
    return Reflect.apply(method, resource, args)
  } catch {
    return undefined
  }
}
