const BASIC = /^(\d{4})(\d\d)(\d\d)T(\d\d):?(\d\d):?(\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d(?::?[0-5]\d)?)?$/
const EXTENDED = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):?(\d\d):?(\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d(?::?[0-5]\d)?)?$/
const DAY_MS = 86_400_000

/**
 * A `dateTime.iso8601`: what a wall clock shows, in a zone that the protocol leaves open. The text is kept as it came,
 * so that it can be sent back unchanged.
 */
export class XmlRpcDateTime {
  /** The text on the wire, such as `20240229T23:59:59`. */
  readonly text: string
  readonly year: number
  /** 1 to 12. */
  readonly month: number
  /** 1 to 31. */
  readonly day: number
  /** 0 to 24; 24 only as `24:00:00`, the end of the day. */
  readonly hour: number
  readonly minute: number
  /** 0 to 60; 60 is a leap second. */
  readonly second: number
  /** Fraction of the second in milliseconds, cut after three digits. */
  readonly millisecond: number
  /** Offset from UTC in minutes, when the text states one. */
  readonly offsetMinutes: number | undefined

  /**
   * Reads ISO 8601 text, with or without dashes and colons, a fraction and an offset.
   *
   * @throws RangeError when the text is no such date and time
   */
  constructor(text: string) {
    const match = BASIC.exec(text) ?? EXTENDED.exec(text)
    if (match === null) throw new RangeError(`'${text.slice(0, 40)}' is no date and time; give YYYYMMDDTHH:MM:SS`)
    this.text = text
    this.year = Number(match[1])
    this.month = Number(match[2])
    this.day = Number(match[3])
    this.hour = Number(match[4])
    this.minute = Number(match[5])
    this.second = Number(match[6])
    this.millisecond = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3))
    this.offsetMinutes = readOffset(match[8])
    const wrong = wrongField(this)
    if (wrong !== undefined) throw new RangeError(`'${text}' has no such ${wrong}; give a date and time that exist`)
  }

  /** What a clock at `offsetMinutes` from UTC (default 0) shows at the given milliseconds since 1970. */
  static fromEpochMs(epochMs: number, offsetMinutes = 0): XmlRpcDateTime {
    const shifted = Math.floor(epochMs + offsetMinutes * 60_000)
    const days = Math.floor(shifted / DAY_MS)
    const { year, month, day } = civilDate(days)
    if (!(year >= 0 && year <= 9999)) throw new RangeError(`${epochMs} ms is outside the years 0000 to 9999`)
    const seconds = Math.floor((shifted - days * DAY_MS) / 1000)
    const time = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map((part) =>
      digits(part, 2),
    )
    return new XmlRpcDateTime(`${digits(year, 4)}${digits(month, 2)}${digits(day, 2)}T${time.join(':')}`)
  }

  /**
   * Milliseconds since 1970. The offset that the text states counts; else `offsetMinutes` from UTC (default 0), which
   * is for the caller to know.
   */
  toEpochMs(offsetMinutes = 0): number {
    const minutes = (daysFromCivil(this) * 24 + this.hour) * 60 + this.minute - (this.offsetMinutes ?? offsetMinutes)
    return minutes * 60_000 + this.second * 1000 + this.millisecond
  }

  toString(): string {
    return this.text
  }

  toJSON(): string {
    return this.text
  }
}

function digits(value: number, width: number): string {
  return String(value).padStart(width, '0')
}

function readOffset(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (text === 'Z') return 0
  const minutes = Number(text.slice(1, 3)) * 60 + Number(text.slice(3).replace(':', ''))
  return text.startsWith('-') ? -minutes : minutes
}

function wrongField(date: XmlRpcDateTime): string | undefined {
  const { year, month, day, hour, minute, second, offsetMinutes = 0 } = date
  if (month < 1 || month > 12) return 'month'
  if (day < 1 || day > daysInMonth(year, month)) return 'day'
  if (minute > 59) return 'minute'
  if (second > 60) return 'second'
  if (Math.abs(offsetMinutes) > 1439) return 'offset'
  return hour * 3600 + minute * 60 + second > 86_400 ? 'hour' : undefined
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

// The proleptic Gregorian calendar counted from 1 March, so that the leap day is the last of its year.
function daysFromCivil({ year, month, day }: Pick<XmlRpcDateTime, 'year' | 'month' | 'day'>): number {
  const marchYear = month > 2 ? year : year - 1
  const era = Math.floor(marchYear / 400)
  const yearOfEra = marchYear - era * 400
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
}

function civilDate(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const leapDays = Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096)
  const yearOfEra = Math.floor((dayOfEra - leapDays) / 365)
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
  const day = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day }
}
