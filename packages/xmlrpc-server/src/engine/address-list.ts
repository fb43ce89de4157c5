import { OptionError } from '@x/loop-utils/errors'
import { BlockList, isIP } from 'node:net'

const EXPECTED = 'an address such as 192.168.1.5 or fe80::1, or a network such as 192.168.1.0/24'

/** Addresses and networks, to ask whether an address is among them. */
export class AddressList {
  readonly entries: readonly string[]
  readonly #list = new BlockList()

  /** @throws OptionError naming the entry of `option` that is neither an address nor a network */
  constructor(entries: readonly string[], option = 'allow') {
    this.entries = entries
    for (const [index, entry] of entries.entries()) {
      if (!this.#add(entry)) throw new OptionError(`${option}[${index}]`, entry, EXPECTED)
    }
  }

  /** Whether it is listed. An IPv4 address is the same in its IPv6-mapped form, which sockets of both families show. */
  has(address: string): boolean {
    const plain = withoutZone(address)
    const family = isIP(plain)
    return family !== 0 && this.#list.check(plain, family === 4 ? 'ipv4' : 'ipv6')
  }

  #add(entry: unknown): boolean {
    if (typeof entry !== 'string') return false
    const [address = '', prefix, ...rest] = entry.split('/')
    const family = isIP(address)
    if (family === 0 || rest.length > 0) return false
    const type = family === 4 ? 'ipv4' : 'ipv6'
    if (prefix === undefined) {
      this.#list.addAddress(address, type)
      return true
    }
    const length = Number(prefix)
    if (!/^\d{1,3}$/.test(prefix) || length > (family === 4 ? 32 : 128)) return false
    this.#list.addSubnet(address, length, type)
    return true
  }
}

/** @throws OptionError naming the entry of `option` that is neither an address nor a network */
export function checkAddresses(entries: readonly string[], option: string): readonly string[] {
  if (!Array.isArray(entries)) throw new OptionError(option, entries, 'an array of addresses and networks')
  const copy: readonly string[] = [...entries]
  return new AddressList(copy, option).entries
}

/** A link-local address may name the interface that it is reached by, which says nothing about the peer. */
function withoutZone(address: string): string {
  const zone = address.indexOf('%')
  return zone < 0 ? address : address.slice(0, zone)
}
