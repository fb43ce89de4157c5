import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { PAGE_FOLDER, readPageFiles } from '../../src/page/page-files.ts'
import { FakeDeviceServer } from '../../src/server/fake-device-server.ts'
import { raw } from '../raw-request.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

function pageFolder(files: Readonly<Record<string, string>>): URL {
  const folder = mkdtempSync(join(tmpdir(), 'page-'))
  folders.push(folder)
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  return pathToFileURL(folder + sep)
}

describe('the page', () => {
  it('is served with its types, its index at the root', async () => {
    const folder = pageFolder({
      'index.html': '<!doctype html>hello',
      'assets/main-abc123.js': 'export {}',
      'assets/main-abc123.css': 'body {}',
      'notes.xyz': 'what is it',
    })
    await using server = await new FakeDeviceServer({ pageFolder: folder }).start()
    for (const path of ['/', '/index.html']) {
      const answer = await raw(`${server.url}${path}`)
      expect([answer.status, answer.text]).toEqual([200, '<!doctype html>hello'])
      expect(answer.headers['content-type']).toBe('text/html; charset=utf-8')
      expect(answer.headers['cache-control']).toBe('no-cache')
      expect(answer.headers['content-security-policy']).toContain("default-src 'self'")
      expect(answer.headers['x-content-type-options']).toBe('nosniff')
    }
    const script = await raw(`${server.url}/assets/main-abc123.js`)
    expect([script.headers['content-type'], script.text]).toEqual(['text/javascript; charset=utf-8', 'export {}'])
    expect(script.headers['cache-control']).toContain('immutable')
    expect((await raw(`${server.url}/assets/main-abc123.css`)).headers['content-type']).toBe('text/css; charset=utf-8')
    expect((await raw(`${server.url}/notes.xyz`)).headers['content-type']).toBe('application/octet-stream')
    expect((await raw(`${server.url}/`, { method: 'POST' })).status).toBe(405)
    expect((await raw(`${server.url}/`, { headers: { Host: 'evil.example' } })).status).toBe(403)
    const head = await raw(`${server.url}/`, { method: 'HEAD' })
    expect([head.status, head.text, head.headers['content-length']]).toEqual([200, '', '20'])
  })

  it('gives away nothing outside its folder', async () => {
    await using server = await new FakeDeviceServer({ pageFolder: pageFolder({ 'index.html': 'x' }) }).start()
    for (const path of ['/../package.json', '/%2e%2e/package.json', '/assets/..%2f..%2fpackage.json', '//etc/passwd']) {
      expect((await raw(`${server.url}${path}`)).status).toBe(404)
    }
  })

  it('that was not built is said to be so, and the control API works', async () => {
    await using server = await new FakeDeviceServer({ pageFolder: pageFolder({}) }).start()
    const answer = await raw(server.url)
    expect([answer.status, answer.text]).toEqual([503, expect.stringContaining('was not built')])
    expect((await raw(`${server.url}/healthz`)).status).toBe(200)
    expect(readPageFiles(new URL('none/', pageFolder({}))).size).toBe(0)
  })

  it('is looked for where the build puts it', () => {
    expect(PAGE_FOLDER.pathname).toMatch(/\/fake-device\/dist\/web\/$/)
  })

  it('does not hide a folder that cannot be read', () => {
    expect(() => readPageFiles(new URL('index.html/', pageFolder({ 'index.html': 'a file' })))).toThrow(/ENOTDIR/)
  })
})
