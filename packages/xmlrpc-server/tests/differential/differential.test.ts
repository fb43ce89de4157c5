import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasPython } from '../python/oracle.ts'
import { compare, explanationOf } from './comparison.ts'
import { differencesOver } from './differences.ts'
import type { Document } from './documents.ts'
import { EXPLAINED } from './explained.ts'
import { minimize } from './minimal.ts'
import { Peer, type Verdict } from './peer.ts'
import { read } from './reading.ts'

const call = (value: string): Document => ({
  kind: 'call',
  bytes: Buffer.from(
    `<methodCall><methodName>m</methodName><params><param><value>${value}</value></param></params></methodCall>`,
  ),
})

describe.skipIf(!hasPython)(`compared with Python's readers${hasPython ? '' : ' [needs python3]'}`, () => {
  let peer: Peer

  beforeAll(() => {
    peer = new Peer()
  })

  afterAll(async () => {
    await peer[Symbol.asyncDispose]()
  })

  async function verdictOn(document: Document): Promise<Verdict> {
    const [verdict] = await peer.judge([document])
    if (verdict === undefined) throw new Error('no verdict came')
    return verdict
  }

  it('differs over 2,000 generated and mutated documents only as its policy says', async () => {
    const tally = await compare(peer, { documents: 2000, seed: 20_261_121 })
    const shown = tally.unexplained.map(({ document, ...rest }) => ({
      ...rest,
      text: Buffer.from(document.bytes).toString('latin1'),
    }))
    expect(shown).toEqual([])
    expect(tally.documents).toBe(2000)
    expect(tally.bothAccept).toBeGreaterThan(200)
    expect(tally.bothRefuse).toBeGreaterThan(200)
    expect(tally.roundTrips).toBeGreaterThan(tally.bothAccept)
    expect([...tally.explained.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThan(20)
  }, 60_000)

  it('names the class of a difference that is meant to be', async () => {
    const document = call('<int>1_000</int>')
    const differences = differencesOver(document, read(document), await verdictOn(document))
    expect(differences.map((difference) => [difference.with, explanationOf(difference)])).toEqual([
      ['cpython', 'refused: scalar-int'],
    ])
  })

  it('would notice a value that is read wrongly', async () => {
    const document = call('<int>5</int>')
    const [difference] = differencesOver(document, read(call('<int>6</int>')), await verdictOn(document))
    expect(difference).toMatchObject({ with: 'cpython', how: 'values' })
    expect(difference && explanationOf(difference)).toBeUndefined()
  })

  it('would notice a document that is refused for no reason', async () => {
    const document = call('<int>5</int>')
    const differences = differencesOver(document, read(call('<int>x</int>')), await verdictOn(document))
    expect(differences.map((difference) => explanationOf(difference))).toEqual([undefined, undefined])
  })

  it('makes a document smaller that shows something', async () => {
    const document = call('<array><data><value>a</value><value><int>7</int></value></data></array>')
    const smaller = await minimize(document, async ({ bytes }) => Buffer.from(bytes).includes('<int>7'))
    expect(Buffer.from(smaller.bytes).toString()).toBe('<int>7')
  })

  it('has a reason for each class', () => {
    expect(new Set(EXPLAINED.map(({ name }) => name)).size).toBe(EXPLAINED.length)
    for (const { policy } of EXPLAINED) expect(policy).not.toBe('')
  })
})
