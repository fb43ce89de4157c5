import { OptionError } from '@x/loop-utils/errors'
import { describe, expect, it } from 'vitest'
import {
  decodeMethodResponse,
  encodeMethodCall,
  XmlRpcFault,
  XmlRpcProtocolError,
  type XmlRpcInput,
  type XmlRpcValue,
} from '../../src/codec/index.ts'
import { AsyncXmlRpcDispatcher } from '../../src/dispatcher/async-xml-rpc-dispatcher.ts'
import type { XmlRpcHandler } from '../../src/dispatcher/method.ts'

async function call(dispatcher: AsyncXmlRpcDispatcher, method: string, ...params: XmlRpcInput[]): Promise<XmlRpcValue> {
  const response = decodeMethodResponse(await dispatcher.dispatch(encodeMethodCall(method, params)))
  if (response.kind === 'fault') throw response.fault
  return response.value
}

async function faultOf(promise: Promise<unknown>): Promise<XmlRpcFault> {
  try {
    await promise
  } catch (error) {
    if (error instanceof XmlRpcFault) return error
    throw error
  }
  throw new Error('no fault')
}

interface LogLine {
  readonly level: string
  readonly fields: object
}

function recorder(): { lines: LogLine[]; debug: (fields: object) => void; error: (fields: object) => void } {
  const lines: LogLine[] = []
  return {
    lines,
    debug: (fields) => lines.push({ level: 'debug', fields }),
    error: (fields) => lines.push({ level: 'error', fields }),
  }
}

describe('AsyncXmlRpcDispatcher', () => {
  it('answers a call with what its handler returns', async () => {
    const dispatcher = new AsyncXmlRpcDispatcher().register('echo', (value) => value ?? null)
    expect(await call(dispatcher, 'echo', { a: ['hello', 1] })).toEqual({ a: ['hello', 1] })
  })

  it('answers nothing with true, also within a multicall', async () => {
    const dispatcher = new AsyncXmlRpcDispatcher()
      .register('nothing', () => {})
      .register('later', () => Promise.resolve(null))
      .registerMulticallFunctions()
    expect(await call(dispatcher, 'nothing')).toBe(true)
    expect(
      await call(dispatcher, 'system.multicall', [
        { methodName: 'nothing', params: [] },
        { methodName: 'later', params: [] },
      ]),
    ).toEqual([[true], [true]])
  })

  it.each([
    ['a code of more than 32 bits', () => new XmlRpcFault(2 ** 40, 'far away')],
    ['a code that is no integer', () => new XmlRpcFault(Number.NaN, 'far away')],
    ['no text', () => new XmlRpcFault(1, undefined as unknown as string)],
    ['nothing that could be written as text', () => Object.create(null) as unknown],
    ['a message that is no text', () => Object.assign(new Error(), { message: Object.create(null) as string })],
  ])('answers what a handler throws with -32603 if it has %s, alone and in a multicall', async (_, thrown) => {
    const dispatcher = new AsyncXmlRpcDispatcher()
      .register('one', () => 1)
      .register('throws', () => Promise.reject(thrown()))
      .registerMulticallFunctions()
    const fault = { faultCode: -32603, faultString: expect.any(String) }
    expect(await faultOf(call(dispatcher, 'throws'))).toMatchObject(fault)
    const calls = ['one', 'throws', 'one'].map((methodName) => ({ methodName, params: [] }))
    expect(await call(dispatcher, 'system.multicall', calls)).toEqual([[1], fault, [1]])
  })

  it('answers a call of a multicall with a fault if its result has no form, and the others with theirs', async () => {
    const log = recorder()
    const dispatcher = new AsyncXmlRpcDispatcher({ logger: log, exposeErrors: false })
      .register('one', () => 1)
      .register('endless', () => ({ value: Infinity }))
      .registerMulticallFunctions()
    const calls = ['one', 'endless', 'one'].map((methodName) => ({ methodName, params: [] }))
    const fault = { faultCode: -32603, faultString: 'Internal error' }
    expect(await call(dispatcher, 'system.multicall', calls)).toEqual([[1], fault, [1]])
    expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(1)
  })

  it('answers a method that does not exist with -32601, whatever its name', async () => {
    const dispatcher = new AsyncXmlRpcDispatcher().register('known', () => 1)
    for (const name of ['unknown', '__proto__', 'constructor', 'hasOwnProperty']) {
      expect(await faultOf(call(dispatcher, name))).toMatchObject({
        faultCode: -32601,
        faultString: `Method not found: ${name}`,
      })
    }
  })

  it('answers what a handler throws with -32603, and logs it', async () => {
    const log = recorder()
    const thrown = new TypeError('no such thing')
    const dispatcher = new AsyncXmlRpcDispatcher({ logger: log })
      .register('throws', () => {
        throw thrown
      })
      .register('rejects', () => Promise.reject(thrown))
      .register('throwsText', () => {
        throw 'text' // oxlint-disable-line no-throw-literal, typescript/only-throw-error -- users do
      })
    expect(await faultOf(call(dispatcher, 'throws'))).toMatchObject({ faultCode: -32603, faultString: 'no such thing' })
    expect(await faultOf(call(dispatcher, 'rejects'))).toMatchObject({ faultCode: -32603 })
    expect(await faultOf(call(dispatcher, 'throwsText'))).toMatchObject({ faultString: 'text' })
    expect(log.lines).toContainEqual({ level: 'error', fields: { err: thrown, method: 'throws' } })
    expect(log.lines).toContainEqual({ level: 'debug', fields: { method: 'throws', params: 0 } })
  })

  it('keeps the message of what a handler throws to itself when told to', async () => {
    const dispatcher = new AsyncXmlRpcDispatcher({ exposeErrors: false }).register('throws', () => {
      throw new Error('password is hunter2')
    })
    expect(await faultOf(call(dispatcher, 'throws'))).toMatchObject({ faultString: 'Internal error' })
  })

  it('answers the fault that a handler throws', async () => {
    const dispatcher = new AsyncXmlRpcDispatcher({ exposeErrors: false }).register('fails', () => {
      throw new XmlRpcFault(-8, 'duty cycle')
    })
    expect(await faultOf(call(dispatcher, 'fails'))).toMatchObject({ faultCode: -8, faultString: 'duty cycle' })
  })

  it('answers a result that has no form with -32603', async () => {
    const dispatcher = new AsyncXmlRpcDispatcher().register('date', (() => new Date(0)) as unknown as XmlRpcHandler)
    expect(await faultOf(call(dispatcher, 'date'))).toMatchObject({ faultCode: -32603 })
  })

  it('refuses another number of parameters than the signatures have, with -32602', async () => {
    const dispatcher = new AsyncXmlRpcDispatcher().register('two', () => 1, {
      signatures: [['int', 'int', 'int'], ['int']],
    })
    expect(await call(dispatcher, 'two', 1, 2)).toBe(1)
    expect(await faultOf(call(dispatcher, 'two', 1))).toMatchObject({
      faultCode: -32602,
      faultString: 'two takes 2 or 0 parameters, not 1',
    })
  })

  it('throws for a document that is no call, or answers a fault when told to', async () => {
    const garbage = Buffer.from('<methodCall>')
    await expect(new AsyncXmlRpcDispatcher().dispatch(garbage)).rejects.toThrow(XmlRpcProtocolError)
    const lenient = new AsyncXmlRpcDispatcher({ parseErrorAs: 'fault' })
    const codeFor = async (document: Buffer): Promise<number> => {
      const response = decodeMethodResponse(await lenient.dispatch(document))
      return response.kind === 'fault' ? response.fault.faultCode : 0
    }
    expect(await codeFor(garbage)).toBe(-32700)
    expect(await codeFor(Buffer.from('<?xml version="1.0" encoding="x"?>'))).toBe(-32701)
    expect(await codeFor(Buffer.of(0xff))).toBe(-32702)
    expect(await codeFor(Buffer.from('<methodResponse/>'))).toBe(-32600)
  })

  it('registers, replaces and forgets methods', async () => {
    const dispatcher = new AsyncXmlRpcDispatcher().register('a', () => 1).register('a', () => 2)
    expect([await call(dispatcher, 'a'), dispatcher.has('a'), dispatcher.methodNames()]).toEqual([2, true, ['a']])
    expect([dispatcher.unregister('a'), dispatcher.unregister('a'), dispatcher.has('a')]).toEqual([true, false, false])
  })

  it.each<[string, () => unknown]>([
    ['name', () => new AsyncXmlRpcDispatcher().register('no spaces', () => 1)],
    ['handler of m', () => new AsyncXmlRpcDispatcher().register('m', 5 as unknown as XmlRpcHandler)],
    ['help', () => new AsyncXmlRpcDispatcher().register('m', () => 1, { help: 5 as unknown as string })],
    [
      'signatures',
      () => new AsyncXmlRpcDispatcher().register('m', () => 1, { signatures: [[]] as unknown as [[string]] }),
    ],
    ['parseErrorAs', () => new AsyncXmlRpcDispatcher({ parseErrorAs: 'ignore' as 'fault' })],
    ['exposeErrors', () => new AsyncXmlRpcDispatcher({ exposeErrors: 1 as unknown as boolean })],
    ['maxMulticallCalls', () => new AsyncXmlRpcDispatcher({ maxMulticallCalls: 0 })],
    ['maxDepth', () => new AsyncXmlRpcDispatcher({ decode: { maxDepth: 0 } })],
    ['dialect', () => new AsyncXmlRpcDispatcher({ encode: { dialect: 'x' as 'ccu' } })],
    ['methods', () => new AsyncXmlRpcDispatcher().registerInstance({}, { methods: ['toString'] })],
    ['instance', () => new AsyncXmlRpcDispatcher().registerInstance(5 as unknown as object)],
  ])('refuses an unusable %s at once', (option, make) => {
    expect(make).toThrow(OptionError)
    expect(make).toThrow(expect.objectContaining({ option }))
  })
})

describe('registerInstance', () => {
  class Parent {
    readonly offset = 10

    inherited(): string {
      return 'parent'
    }

    overridden(): string {
      return 'parent'
    }
  }

  class Service extends Parent {
    readonly own = (): string => 'own'
    ran = 0

    add(a: XmlRpcValue): number {
      return this.offset + Number(a) + this.#secret()
    }

    override overridden(): string {
      return 'child'
    }

    get accessor(): () => string {
      this.ran++
      return () => 'accessor'
    }

    _internal(): string {
      return 'internal'
    }

    $unnameable(): string {
      return '$'
    }

    #secret(): number {
      return 1
    }
  }

  it('offers the public methods, own and inherited, and nothing else', async () => {
    const service = new Service()
    const dispatcher = new AsyncXmlRpcDispatcher().registerInstance(service)
    expect(dispatcher.methodNames()).toEqual(['add', 'inherited', 'overridden', 'own'])
    expect(service.ran).toBe(0)
    expect(await call(dispatcher, 'add', 5)).toBe(16)
    expect(await call(dispatcher, 'overridden')).toBe('child')
    expect(await call(dispatcher, 'own')).toBe('own')
  })

  it('offers only what is listed, if anything is', () => {
    const dispatcher = new AsyncXmlRpcDispatcher().registerInstance(new Service(), { methods: ['add'] })
    expect(dispatcher.methodNames()).toEqual(['add'])
  })

  it('takes an object without a prototype', () => {
    const bare = Object.assign(Object.create(null) as object, { ping: () => 'pong' })
    expect(new AsyncXmlRpcDispatcher().registerInstance(bare).methodNames()).toEqual(['ping'])
  })
})

describe('introspection', () => {
  const dispatcher = new AsyncXmlRpcDispatcher()
    .register('add', (a, b) => Number(a) + Number(b), { help: 'Adds.', signatures: [['int', 'int', 'int']] })
    .register('plain', () => 1)
    .registerIntrospectionFunctions()

  it('lists the methods, sorted, also when an interface id or nil comes with the call', async () => {
    const names = [
      'add',
      'plain',
      'system.getCapabilities',
      'system.listMethods',
      'system.methodHelp',
      'system.methodSignature',
    ]
    expect(await call(dispatcher, 'system.listMethods')).toEqual(names)
    expect(await call(dispatcher, 'system.listMethods', 'BidCos-RF')).toEqual(names)
    expect(await call(dispatcher, 'system.listMethods', null)).toEqual(names)
    expect(await faultOf(call(dispatcher, 'system.listMethods', 1, 2))).toMatchObject({ faultCode: -32602 })
  })

  it('tells help and signatures, as far as they are known', async () => {
    expect(await call(dispatcher, 'system.methodHelp', 'add')).toBe('Adds.')
    expect(await call(dispatcher, 'system.methodHelp', 'unknown')).toBe('')
    expect(await call(dispatcher, 'system.methodHelp', 7)).toBe('')
    expect(await call(dispatcher, 'system.methodSignature', 'add')).toEqual([['int', 'int', 'int']])
    expect(await call(dispatcher, 'system.methodSignature', 'plain')).toBe('signatures not supported')
    expect(await call(dispatcher, 'system.methodSignature', 'unknown')).toBe('signatures not supported')
  })

  it('tells what it can do', async () => {
    const plain = (await call(dispatcher, 'system.getCapabilities')) as Record<string, unknown>
    expect(Object.keys(plain).sort()).toEqual(['faults_interop', 'introspection', 'nil', 'xmlrpc'])
    expect(plain['faults_interop']).toMatchObject({ specVersion: 20010516 })
    const ccu = new AsyncXmlRpcDispatcher({ encode: { dialect: 'ccu' } })
      .registerIntrospectionFunctions()
      .registerMulticallFunctions()
    const known = (await call(ccu, 'system.getCapabilities')) as Record<string, unknown>
    expect(Object.keys(known).sort()).toEqual(['faults_interop', 'introspection', 'system.multicall', 'xmlrpc'])
  })
})

describe('system.multicall', () => {
  const order: string[] = []
  const dispatcher = new AsyncXmlRpcDispatcher({ maxMulticallCalls: 10 })
    .register('slow', async (name) => {
      await new Promise((resolve) => setImmediate(resolve))
      order.push(name as string)
      return name ?? null
    })
    .register('fails', () => {
      throw new XmlRpcFault(-5, 'unknown parameter')
    })
    .registerMulticallFunctions()

  it('makes the calls one after the other and answers each', async () => {
    order.length = 0
    const calls = [
      { methodName: 'slow', params: ['a'] },
      { methodName: 'fails', params: [] },
      { methodName: 'unknown', params: [] },
      { methodName: 'slow', params: ['b'] },
    ]
    expect(await call(dispatcher, 'system.multicall', calls)).toEqual([
      ['a'],
      { faultCode: -5, faultString: 'unknown parameter' },
      { faultCode: -32601, faultString: 'Method not found: unknown' },
      ['b'],
    ])
    expect(order).toEqual(['a', 'b'])
  })

  it('answers what is no call with a fault in its place', async () => {
    const calls: XmlRpcInput[] = [
      5,
      [],
      { methodName: 'slow' },
      { params: [] },
      { methodName: 1, params: [] },
      { methodName: 'slow', params: 'x' },
    ]
    const answers = (await call(dispatcher, 'system.multicall', calls)) as XmlRpcValue[]
    expect(answers).toHaveLength(6)
    for (const answer of answers) expect(answer).toMatchObject({ faultCode: -32602 })
  })

  it('does not contain itself', async () => {
    const nested = [{ methodName: 'system.multicall', params: [[]] }]
    expect(await call(dispatcher, 'system.multicall', nested)).toMatchObject([{ faultCode: -32600 }])
  })

  it('refuses anything but one array of a bounded length', async () => {
    for (const params of [[], ['x'], [[], []], [{}]]) {
      expect(await faultOf(call(dispatcher, 'system.multicall', ...(params as XmlRpcInput[])))).toMatchObject({
        faultCode: -32602,
      })
    }
    const many = Array.from({ length: 11 }, () => ({ methodName: 'slow', params: [] }))
    expect(await faultOf(call(dispatcher, 'system.multicall', many))).toMatchObject({
      faultCode: -32600,
      faultString: expect.stringContaining('at most 10 calls, not 11'),
    })
  })
})
