import { describe, expect, it } from 'vitest'
import { AsyncXmlRpcDispatcher } from '../../src/dispatcher/async-xml-rpc-dispatcher.ts'
import { hasPython, PythonOracle } from '../python/oracle.ts'

describe.skipIf(!hasPython)(`against CPython's xmlrpc.client${hasPython ? '' : ' [needs python3]'}`, () => {
  it('answers in documents that Python reads', async () => {
    await using python = new PythonOracle()
    const dispatcher = new AsyncXmlRpcDispatcher()
      .register('echo', (value) => value ?? null)
      .registerMulticallFunctions()
    const document = await python.dumps('system.multicall', [
      {
        t: 'array',
        v: [
          {
            t: 'struct',
            v: [
              ['methodName', { t: 'string', v: 'echo' }],
              ['params', { t: 'array', v: [{ t: 'string', v: 'grün' }] }],
            ],
          },
          {
            t: 'struct',
            v: [
              ['methodName', { t: 'string', v: 'gone' }],
              ['params', { t: 'array', v: [] }],
            ],
          },
        ],
      },
    ])
    const answer = await python.loads(await dispatcher.dispatch(document))
    expect(answer.params).toEqual([
      {
        t: 'array',
        v: [
          { t: 'array', v: [{ t: 'string', v: 'grün' }] },
          {
            t: 'struct',
            v: [
              ['faultCode', { t: 'int', v: '-32601' }],
              ['faultString', { t: 'string', v: 'Method not found: gone' }],
            ],
          },
        ],
      },
    ])
  })
})
