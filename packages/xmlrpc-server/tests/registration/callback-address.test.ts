import { OptionError } from '@x/loop-utils/errors'
import { expectNoLeaks } from '@x/testkit/leaks'
import { networkInterfaces } from 'node:os'
import { describe, expect, it } from 'vitest'
import { addressTowards } from '../../src/registration/callback-address.ts'
import { CcuRouteError, suggestCallbackAddress } from '../../src/registration/index.ts'

const hasIpv6 = networkInterfaces()['lo']?.some(({ family }) => family === 'IPv6') ?? false

describe('suggestCallbackAddress', () => {
  it('gives the address from which the CCU would be called', async () => {
    await expectNoLeaks(async () => {
      expect(await suggestCallbackAddress('127.0.0.1')).toBe('127.0.0.1')
      expect(await suggestCallbackAddress('localhost', { port: 2010 })).toBe('127.0.0.1')
    })
  })

  it.skipIf(!hasIpv6)(`gives one of the same family${hasIpv6 ? '' : ' [needs IPv6]'}`, async () => {
    expect(await suggestCallbackAddress('[::1]')).toBe('::1')
  })

  it.skipIf(!hasIpv6)(`takes a name that has only addresses of IPv6${hasIpv6 ? '' : ' [needs IPv6]'}`, async () => {
    expect(await addressTowards([{ address: '::1', family: 6 }], 2001)).toBe('::1')
  })

  it('tries one address after the other, those of IPv4 first', async () => {
    await expectNoLeaks(async () => {
      const candidates = [
        { address: '::1', family: 6 },
        { address: '255.255.255.255', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ]
      expect(await addressTowards(candidates, 2001)).toBe('127.0.0.1')
      await expect(addressTowards(candidates.slice(1, 2), 2001)).rejects.toMatchObject({ code: 'EACCES' })
    })
  })

  it('says that a name is unknown', async () => {
    const error = await suggestCallbackAddress('ccu.invalid').catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(CcuRouteError)
    expect(error).toMatchObject({
      code: 'XMLRPC_CCU_ROUTE',
      host: 'ccu.invalid',
      cause: { code: expect.stringMatching(/^E/) },
    })
  })

  it('refuses what is no host', async () => {
    await expect(suggestCallbackAddress('')).rejects.toThrow(OptionError)
    await expect(suggestCallbackAddress('a', { port: 0 })).rejects.toThrow(OptionError)
  })
})
