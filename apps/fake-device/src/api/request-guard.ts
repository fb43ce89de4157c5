import { isIP } from 'node:net'
import type { MiddlewareHandler } from 'hono'
import { ApiProblem } from './problem.ts'

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]']

/** Which names a request may be addressed to. */
export interface HostRule {
  /** Where the server listens. */
  readonly host: string
  /** Further names, such as the one under which the machine is known in its network. */
  readonly allowedHosts: readonly string[]
}

/**
 * Refuses requests that a web page of another site has made: those addressed to a name that is not this machine's
 * (DNS rebinding), and those that say they come from elsewhere.
 */
export function requestGuard(rule: HostRule): MiddlewareHandler {
  const names = new Set(
    [...LOOPBACK_NAMES, bracketed(rule.host), ...rule.allowedHosts].map((name) => name.toLowerCase()),
  )
  // listening everywhere, it cannot know its addresses; rebinding needs a name
  const takesAddresses = rule.host === '0.0.0.0' || rule.host === '::'
  return async (context, next) => {
    const host = context.req.header('host') ?? ''
    const name = host.replace(/:\d+$/, '').toLowerCase()
    if (!names.has(name) && !(takesAddresses && isAddress(name))) {
      throw new ApiProblem('FAKE_FORBIDDEN_HOST', `the name '${name}' is not served; start with --allow-host ${name}`)
    }
    const origin = context.req.header('origin')
    if (origin !== undefined && origin !== `http://${host}`) {
      throw new ApiProblem('FAKE_FORBIDDEN_ORIGIN', `pages of ${origin} may not use the control API`)
    }
    await next()
  }
}

function isAddress(name: string): boolean {
  return isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0
}

function bracketed(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host
}
