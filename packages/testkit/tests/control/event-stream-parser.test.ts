import { array, assert, nat, property } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EventStreamParser, StreamTooLongError } from '../../src/control/event-stream-parser.ts'

const STREAM = [
  ': heartbeat\n\n',
  'id: 1\nevent: state\ndata: {"a":1}\n\n',
  'data: no name\r\ndata: two lines\r\n\r\n',
  'event: without data\n\n',
  'id:2\revent:x\rdata:y\r\r',
  'id: bad\0id\ndata\nretry: 5\n\n',
].join('')

const MESSAGES = [
  { id: '1', event: 'state', data: '{"a":1}' },
  { id: '1', event: 'message', data: 'no name\ntwo lines' },
  { id: '2', event: 'x', data: 'y' },
  { id: '2', event: 'message', data: '' },
]

describe('the parser of event streams', () => {
  it('reads messages with ids, names and several lines, and passes over the rest', () => {
    expect(new EventStreamParser(1000).push(STREAM)).toEqual(MESSAGES)
  })

  it('reads the same however the stream is split', () => {
    assert(
      property(array(nat({ max: STREAM.length }), { maxLength: 20 }), (cuts) => {
        const parser = new EventStreamParser(1000)
        const places = [0, ...cuts.toSorted((a, b) => a - b), STREAM.length]
        const pieces = places.slice(1).map((end, index) => STREAM.slice(places[index], end))
        expect(pieces.flatMap((piece) => parser.push(piece))).toEqual(MESSAGES)
      }),
    )
  })

  it('refuses a message or a line that does not end', () => {
    expect(() => new EventStreamParser(10).push('data: 12345678901\n')).toThrow(StreamTooLongError)
    expect(() => new EventStreamParser(10).push('data: 12345')).toThrow(StreamTooLongError)
    const parser = new EventStreamParser(10)
    for (let count = 0; count < 100; count++) expect(parser.push('data: 1\n\n').length).toBe(1)
  })
})
