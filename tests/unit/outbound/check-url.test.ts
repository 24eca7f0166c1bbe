import { parseAllowList } from '#outbound/allow-list'
import { checkUrl } from '#outbound/check-url'
import { describe, expect, test } from 'vitest'
import { INTERNAL, NO_URLS, PUBLIC, WITH_CREDENTIALS } from './spellings.ts'

const NOTHING = parseAllowList([])

function verdict(text: string): string {
  const checked = checkUrl(text, NOTHING)
  if (checked.ok) return checked.value.route
  return String(checked.error.params.kind ?? checked.error.code)
}

describe('checkUrl', () => {
  test.each(INTERNAL)('refuses %j as %s', (url, kind) => {
    expect(verdict(url)).toBe(kind)
  })

  test.each(PUBLIC)('lets %j out', (url) => {
    expect(verdict(url)).toBe('public')
  })

  test.each(NO_URLS)('does not take %j for an address', (url) => {
    expect(verdict(url)).toBe('outbound_invalid_url')
  })

  test.each(WITH_CREDENTIALS)('refuses the credentials in %j', (url) => {
    expect(verdict(url)).toBe('outbound_url_credentials')
  })

  test('gives the URL in its one spelling, without the dot of the root', () => {
    const checked = checkUrl('HTTPS://Example.COM.:443/a/../b?x=1', NOTHING)
    expect(checked.ok && checked.value.url.href).toBe('https://example.com/b?x=1')
  })

  test('shows neither password nor query of what is no URL', () => {
    const checked = checkUrl('ftp://me:hunter2@example.com/?key=s3cret', NOTHING)
    expect(checked).toEqual({
      ok: false,
      error: { code: 'outbound_invalid_url', params: { url: 'ftp://example.com/' } },
    })
  })
})
