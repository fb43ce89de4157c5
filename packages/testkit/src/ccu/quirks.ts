import { checkBoolean, checkOneOf, OptionError } from '@x/loop-utils/errors'
import { EVENT_DELIVERIES, type EventDelivery } from './callback/value-event.ts'
import { XML_ENCODINGS, type XmlEncoding } from './wire/wire-style.ts'

/** Habits in which the interface processes of a CCU differ. All can be changed while the fake runs. */
export interface CcuQuirks {
  /** What the bytes of documents are, in either direction of a call. ISO 8859-1 at all, UTF-8 at Homegear. */
  readonly encoding: XmlEncoding
  /** Documents say what their encoding is. What XmlRpc++ writes does not, whatever its bytes are. */
  readonly declaresEncoding: boolean
  /** How events are brought: `auto` is one call for one event and a multicall for several. rfd always has a multicall. */
  readonly delivery: EventDelivery
  /** Texts stand in `<value>` without `<string>`; an empty one is `<value></value>`. rfd does. */
  readonly untypedStrings: boolean
  /** Whole numbers are `<i4>`. rfd does. */
  readonly i4: boolean
  /** No self-closed tags: an empty list is `<array><data></data></array>`. rfd does. */
  readonly openTags: boolean
  /** The User-Agent of its calls. */
  readonly userAgent: string
  /** How the header of the length is spelled. rfd writes it with a small `l`. */
  readonly lengthHeader: 'Content-length' | 'Content-Length'
  /** Calls go over one connection that is kept; otherwise each has its own. */
  readonly keepsConnection: boolean
  /** A kept connection that the server closed under a call is replaced and the call repeated. HmIPServer does not. */
  readonly repeatsOnClosed: boolean
  /** Each connection's first call offers to go on in HTTP/2, as Java's client does. */
  readonly offersHttp2: boolean
  /** `listDevices` is called with an empty interface id. HmIPServer does at times. */
  readonly emptyInterfaceId: boolean
  /** An answer with `<string></string>` is no answer, and the registration is dead. HmIPServer's reader throws. */
  readonly refusesEmptyString: boolean
  /** A `listDevices` answer with a text for CHILDREN or PARAMSETS is no answer. The Java side of a CCU throws. */
  readonly refusesTextForLists: boolean
  /** `newDevices` is waited for without a limit, and nobody else is called meanwhile. HmIPServer does. */
  readonly hangsOnNewDevices: boolean
  /** Names of links are UTF-8, also in a document that declares ISO 8859-1. */
  readonly utf8Names: boolean
  /** CHILDREN of channels and PARAMSETS of devices are sent as an empty text. VirtualDevices does. */
  readonly textForLists: boolean
  /** The values of a MASTER paramset have no type. VirtualDevices does so with weekly programs. */
  readonly untypedMaster: boolean
  /** The only path at which calls are answered; empty for any. VirtualDevices has `/groups`. */
  readonly path: string
}

/** Which interface process a fake CCU takes after; `plain` has no quirks. */
export type CcuProfile = 'plain' | 'rfd' | 'hmip' | 'virtual-devices'

/** All profiles, for choosing one. */
export const CCU_PROFILES: readonly CcuProfile[] = ['plain', 'rfd', 'hmip', 'virtual-devices']

const PLAIN: CcuQuirks = {
  encoding: 'iso-8859-1',
  declaresEncoding: true,
  delivery: 'auto',
  untypedStrings: false,
  i4: false,
  openTags: false,
  userAgent: 'fake-ccu',
  lengthHeader: 'Content-length',
  keepsConnection: true,
  repeatsOnClosed: true,
  offersHttp2: false,
  emptyInterfaceId: false,
  refusesEmptyString: false,
  refusesTextForLists: false,
  hangsOnNewDevices: false,
  utf8Names: false,
  textForLists: false,
  untypedMaster: false,
  path: '',
}

const JAVA: CcuQuirks = {
  ...PLAIN,
  userAgent: 'Java-http-client/17',
  lengthHeader: 'Content-Length',
  offersHttp2: true,
  repeatsOnClosed: false,
  refusesEmptyString: true,
  refusesTextForLists: true,
}

/** What a profile comes with. */
export interface ProfileDefaults {
  readonly interfaceName: string
  readonly quirks: CcuQuirks
}

/** The profiles with their quirks. */
export const PROFILES: { readonly [P in CcuProfile]: ProfileDefaults } = {
  plain: { interfaceName: 'BidCos-RF', quirks: PLAIN },
  rfd: {
    interfaceName: 'BidCos-RF',
    quirks: {
      ...PLAIN,
      delivery: 'multicall',
      untypedStrings: true,
      i4: true,
      openTags: true,
      userAgent: 'XMLRPC++ 0.7',
      utf8Names: true,
    },
  },
  hmip: {
    interfaceName: 'HmIP-RF',
    quirks: { ...JAVA, emptyInterfaceId: true, hangsOnNewDevices: true, utf8Names: true },
  },
  'virtual-devices': {
    interfaceName: 'VirtualDevices',
    quirks: { ...JAVA, textForLists: true, untypedMaster: true, path: '/groups' },
  },
}

/**
 * All quirks of an interface process, with `changes`.
 *
 * @throws OptionError for a profile or quirk that there is not, or a value that it cannot have
 */
export function ccuQuirks(profile: CcuProfile, changes: Partial<CcuQuirks> = {}): CcuQuirks {
  return changeQuirks(PROFILES[checkOneOf('profile', profile, CCU_PROFILES)].quirks, changes)
}

/** Returns `quirks` with `changes`. @throws OptionError for one that there is not, or a value that it cannot have */
export function changeQuirks(quirks: CcuQuirks, changes: Partial<CcuQuirks>): CcuQuirks {
  if (typeof changes !== 'object' || changes === null) throw new OptionError('quirks', changes, 'an object of quirks')
  const changed: Record<string, unknown> = { ...quirks }
  for (const [name, value] of Object.entries(changes)) {
    if (value !== undefined) changed[name] = checkQuirk(name, value)
  }
  return changed as unknown as CcuQuirks
}

const CHOICES: Readonly<Record<string, readonly string[]>> = {
  encoding: XML_ENCODINGS,
  delivery: EVENT_DELIVERIES,
  lengthHeader: ['Content-length', 'Content-Length'],
}

function checkQuirk(name: string, value: unknown): unknown {
  const option = `quirks.${name}`
  if (!Object.hasOwn(PLAIN, name)) throw new OptionError(option, value, `one of ${Object.keys(PLAIN).join(', ')}`)
  if (Object.hasOwn(CHOICES, name)) return checkOneOf(option, value, CHOICES[name] ?? [])
  if (name === 'path') return checkPath(option, value)
  if (name === 'userAgent') return checkAgent(option, value)
  return checkBoolean(option, value)
}

function checkPath(option: string, value: unknown): string {
  if (typeof value === 'string' && /^(\/[\w./-]*)?$/.test(value)) return value
  throw new OptionError(option, value, "a path such as '/groups', or an empty text for any")
}

function checkAgent(option: string, value: unknown): string {
  if (typeof value === 'string' && /^[\x20-\x7E]{1,200}$/.test(value)) return value
  throw new OptionError(option, value, 'a printable text of at most 200 characters')
}
