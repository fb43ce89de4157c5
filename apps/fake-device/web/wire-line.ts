import type { CcuAnswer, CcuCall, ControlEvent } from '@x/testkit/control'
import type { LogLine } from './log.ts'

/** How an event of the control API reads in the wire log; undefined for those that are shown elsewhere. */
export function wireLine({ type, at, data }: ControlEvent): LogLine | undefined {
  switch (type) {
    case 'state':
      return { at, kind: 'value', text: `${data.device} ${data.key} = ${JSON.stringify(data.value)} (${data.source})` }
    case 'call':
      return callLine(at, data)
    case 'answer':
      return answerLine(at, data)
    case 'power':
      return { at, kind: 'ccu', text: `is ${data.state}` }
    case 'quirks':
      return { at, kind: 'ccu', text: `takes after ${data.profile}` }
    case 'gap':
      return { at, kind: 'gap', text: `${data.missed ?? 'some'} events were let go`, isBad: true }
    case 'registrations':
    case 'devices':
    case 'faults':
    case 'observation':
      return undefined
    default:
      return undefined
  }
}

function callLine(at: string, { method, params, fault }: CcuCall): LogLine {
  const text = `${method}(${params.map((param) => short(param)).join(', ')})`
  if (fault === undefined) return { at, kind: '→ ccu', text }
  return { at, kind: '→ ccu', text: `${text}: fault ${fault.faultCode} ${fault.faultString}`, isBad: true }
}

function answerLine(at: string, { interfaceId, method, events, durationMs, outcome }: CcuAnswer): LogLine {
  const call = `${interfaceId} ${method}${events > 1 ? ` (${events} events)` : ''}`
  const took = `${durationMs.toFixed(1)} ms`
  if (outcome.kind === 'answered') return { at, kind: 'ccu →', text: `${call} = ${short(outcome.value)} in ${took}` }
  const why = outcome.kind === 'fault' ? `fault ${outcome.fault.faultCode} in ${took}` : outcome.message
  return { at, kind: 'ccu →', text: `${call}: ${why}`, isBad: true }
}

function short(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 77)}…` : text
}
