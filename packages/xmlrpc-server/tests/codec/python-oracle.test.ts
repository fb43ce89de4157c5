import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  decodeMethodCall,
  encodeFault,
  encodeMethodCall,
  encodeMethodResponse,
  type XmlRpcValue,
} from '../../src/codec/index.ts'
import { hasPython, PythonOracle } from '../python/oracle.ts'
import { methodName, value } from './arbitrary.ts'
import { normalize, tag, type Tagged } from './tagged.ts'

describe.skipIf(!hasPython)(`against CPython's xmlrpc.client${hasPython ? '' : ' [needs python3]'}`, () => {
  let python: PythonOracle

  beforeAll(() => {
    python = new PythonOracle()
  })

  afterAll(async () => {
    await python[Symbol.asyncDispose]()
  })

  it('writes calls that Python reads as they were meant, in both dialects', async () => {
    const params = fc.array(value, { maxLength: 3 })
    await fc.assert(
      fc.asyncProperty(
        methodName,
        params,
        fc.constantFrom('utf-8', 'iso-8859-1', 'us-ascii'),
        async (name, sent, encoding) => {
          const read = await python.loads(encodeMethodCall(name, sent, { encoding }))
          expect(read.error).toBeUndefined()
          expect(read.method).toBe(name)
          expect(read.params?.map(normalize)).toEqual(sent.map((param) => normalize(tag(param as XmlRpcValue))))
        },
      ),
      { numRuns: 300 },
    )
  })

  it('reads calls that Python wrote as it meant them', async () => {
    const params = fc.array(
      value.map((item) => forPython(tag(item as XmlRpcValue))),
      { maxLength: 3 },
    )
    await fc.assert(
      fc.asyncProperty(
        methodName,
        params,
        fc.constantFrom(undefined, 'iso-8859-1', 'utf-16'),
        async (name, sent, encoding) => {
          const call = decodeMethodCall(await python.dumps(name, sent, encoding), { doubles: 'tagged' })
          expect(call.methodName).toBe(name)
          expect(call.params.map(tag)).toEqual(sent.map(normalize))
        },
      ),
      { numRuns: 300 },
    )
  })

  it('writes responses and faults that Python reads', async () => {
    const result = await python.loads(encodeMethodResponse({ a: [1, ''], b: 'ü€' }, { dialect: 'ccu' }))
    expect(result.params?.map(normalize)).toEqual([tag({ a: [1, ''], b: 'ü€' })])
    const fault = await python.loads(encodeFault({ faultCode: -32601, faultString: 'Method not found: ä' }))
    expect(fault.fault).toEqual([-32601, 'Method not found: ä'])
  })
})

/** What Python can write: integers of 32 bits, and no CR, which it does not escape. */
function forPython(tagged: Tagged): Tagged {
  if (tagged.t === 'array') return { t: 'array', v: tagged.v.map(forPython) }
  if (tagged.t === 'struct') {
    // Names that differ only in CR would become one.
    const members = new Map(tagged.v.map(([name, item]) => [name.replaceAll('\r', '\n'), forPython(item)]))
    return { t: 'struct', v: [...members] }
  }
  if (tagged.t === 'int') return { t: 'int', v: String(BigInt.asIntN(32, BigInt(tagged.v))) }
  return tagged.t === 'string' ? { t: 'string', v: tagged.v.replaceAll('\r', '\n') } : tagged
}
