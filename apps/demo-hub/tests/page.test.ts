import { startFakeDevice } from '@x/fake-device/testing'
import { existsSync } from 'node:fs'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DemoHub } from '../src/demo-hub.ts'

const executablePath = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium'
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** A hub and its fake devices. */
async function startBoth(mode: 'loop' | 'thread') {
  const fake = await startFakeDevice()
  const heard: string[] = []
  const hub = new DemoHub({
    ccuUrl: fake.ccu.url,
    control: fake.control,
    mode,
    onHeard: (text) => heard.push(text),
    onError: () => undefined,
  })
  await hub.start()
  const stop = async (): Promise<void> => {
    await hub.stop()
    await fake.stop()
  }
  return { fake, heard, [Symbol.asyncDispose]: stop }
}

describe.skipIf(!existsSync(executablePath))('the page [needs chromium]', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args: FLAGS })
  }, 60_000)
  afterAll(() => browser.close())

  async function open(url: string, problems: string[]): Promise<Page> {
    const page = await browser.newPage()
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text())
    })
    page.on('pageerror', (error) => problems.push(error.message))
    await page.goto(url)
    await page.getByRole('status').filter({ hasText: 'live' }).waitFor()
    return page
  }

  it.each(['loop', 'thread'] as const)(
    'lists the devices; switching one shows at once in the hub, and what the hub heard on the page: %s mode',
    async (mode) => {
      await using both = await startBoth(mode)
      const problems: string[] = []
      const page = await open(both.fake.url, problems)
      const devices = await both.fake.control.devices()
      const cards = page.locator('fake-device-card')
      await expect.poll(() => cards.count()).toBe(devices.length)
      expect(await page.locator('#registered').textContent()).toContain('demo-hub-BidCos-RF')

      const id = devices[0]?.id ?? ''
      const toggle = page.locator(`fake-device-card[data-device="${id}"]`).getByRole('switch', { name: '1.STATE' })
      expect(await toggle.getAttribute('aria-checked')).toBe('false')
      await toggle.click()
      await expect.poll(() => both.heard).toContain(`event ${id}:1.STATE = true`)
      await page
        .locator('#observations li')
        .filter({ hasText: `event ${id}:1.STATE = true` })
        .waitFor()
      expect(await toggle.getAttribute('aria-checked')).toBe('true')
      expect((await both.fake.control.state(id)).state['1.STATE']).toBe(true)
      await page.screenshot({ path: `reports/page-${mode}.png` })
      await page.close()
      expect(problems).toEqual([])
    },
    30_000,
  )

  it('follows changes that others make, by the keyboard too', async () => {
    await using both = await startBoth('loop')
    const problems: string[] = []
    const page = await open(both.fake.url, problems)
    const id = (await both.fake.control.devices())[0]?.id ?? ''
    const toggle = page.locator(`fake-device-card[data-device="${id}"]`).getByRole('switch', { name: '1.STATE' })
    await toggle.waitFor()
    await both.fake.control.setState(id, { '1.STATE': true })
    await expect.poll(() => toggle.getAttribute('aria-checked')).toBe('true')
    await toggle.focus()
    await page.keyboard.press('Space')
    await expect.poll(async () => (await both.fake.control.state(id)).state['1.STATE']).toBe(false)
    await page.close()
    expect(problems).toEqual([])
  }, 30_000)

  it('says why a value was refused, and shows the old one again', async () => {
    await using both = await startBoth('loop')
    const page = await open(both.fake.url, [])
    const dimmer = (await both.fake.control.devices()).find(({ properties }) =>
      properties.some(({ key }) => key === '1.LEVEL'),
    )
    const card = page.locator(`fake-device-card[data-device="${dimmer?.id}"]`)
    const level = card.getByLabel('1.LEVEL')
    const before = await level.inputValue()
    await level.fill('7')
    await level.press('Tab')
    await expect.poll(() => card.getByRole('alert').textContent()).toMatch(/LEVEL/)
    await expect.poll(() => level.inputValue()).toBe(before)
    await page.close()
  }, 30_000)
})
