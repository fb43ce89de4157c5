import { describe, expect, it } from 'vitest'
import { XmlRpcDateTime } from '../../src/codec/index.ts'

describe('XmlRpcDateTime', () => {
  it('keeps the text and tells its fields', () => {
    const date = new XmlRpcDateTime('1998-07-17T14:08:55.1234+02:30')
    expect(date).toMatchObject({
      text: '1998-07-17T14:08:55.1234+02:30',
      year: 1998,
      month: 7,
      day: 17,
      hour: 14,
      minute: 8,
      second: 55,
      millisecond: 123,
      offsetMinutes: 150,
    })
    expect([String(date), JSON.stringify({ date })]).toEqual([date.text, `{"date":"${date.text}"}`])
    expect(new XmlRpcDateTime('19980717T140855').offsetMinutes).toBeUndefined()
  })

  it.each([
    ['19980717T14:08:55Z', 0],
    ['19980717T14:08:55-0530', -330],
    ['19980717T14:08:55+02', 120],
  ])('reads the offset of %s', (text, minutes) => {
    expect(new XmlRpcDateTime(text).offsetMinutes).toBe(minutes)
  })

  it.each([
    ['20230229T00:00:00', 'day'],
    ['21000229T00:00:00', 'day'],
    ['20240431T00:00:00', 'day'],
    ['20240100T00:00:00', 'day'],
    ['20241301T00:00:00', 'month'],
    ['20240001T00:00:00', 'month'],
    ['20240101T24:00:01', 'hour'],
    ['20240101T25:00:00', 'hour'],
    ['20240101T00:60:00', 'minute'],
    ['20240101T00:00:61', 'second'],
    ['20240101T00:00:00+24:00', 'offset'],
  ])('refuses %s, which has no such %s', (text, field) => {
    expect(() => new XmlRpcDateTime(text)).toThrow(`has no such ${field}`)
  })

  it.each([
    '',
    'garbage',
    '14:08:55',
    '20240101',
    '2024-0101T00:00:00',
    '20240101T00:00:00 ',
    '20240101t00:00:00',
    '20240101T00:00:00+05:60',
  ])('refuses %j', (text) => {
    expect(() => new XmlRpcDateTime(text)).toThrow(RangeError)
  })

  it('agrees with Date on when it is', () => {
    for (const iso of [
      '0000-03-01T00:00:00',
      '1600-02-29T12:34:56',
      '1969-12-31T23:59:59',
      '2024-02-29T23:59:59',
      '9999-12-31T23:59:59',
    ]) {
      const epochMs = Date.parse(`${iso}Z`)
      expect(new XmlRpcDateTime(iso).toEpochMs()).toBe(epochMs)
      expect(new XmlRpcDateTime(iso).toEpochMs(60)).toBe(epochMs - 3_600_000)
      expect(new XmlRpcDateTime(`${iso}.250-01:00`).toEpochMs(60)).toBe(epochMs + 3_600_250)
      expect(XmlRpcDateTime.fromEpochMs(epochMs).text).toBe(iso.replaceAll('-', ''))
      expect(XmlRpcDateTime.fromEpochMs(epochMs + 999).toEpochMs()).toBe(epochMs)
    }
    expect(XmlRpcDateTime.fromEpochMs(0, -90).text).toBe('19691231T22:30:00')
    expect(new XmlRpcDateTime('20240229T24:00:00').toEpochMs()).toBe(Date.UTC(2024, 2, 1))
    expect(new XmlRpcDateTime('20161231T23:59:60').toEpochMs()).toBe(Date.UTC(2017, 0, 1))
  })

  it('walks through every day of four centuries like Date does', () => {
    for (let day = -80_000; day < 70_000; day += 37) {
      const iso = new Date(day * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '')
      expect(XmlRpcDateTime.fromEpochMs(day * 86_400_000).text).toBe(`${iso}T00:00:00`)
    }
  })

  it('refuses times beyond four-digit years', () => {
    expect(() => XmlRpcDateTime.fromEpochMs(1e15)).toThrow(RangeError)
    expect(() => XmlRpcDateTime.fromEpochMs(Number.NaN)).toThrow(RangeError)
  })
})
