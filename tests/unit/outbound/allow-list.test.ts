import { parseAllowList } from '#outbound/allow-list'
import { checkUrl } from '#outbound/check-url'
import { describe, expect, test } from 'vitest'

describe('OUTBOUND_ALLOW', () => {
  test.each([
    ['127.0.0.1', 'http://127.0.0.1/', 'internal'],
    ['127.0.0.1', 'http://127.0.0.1:9000/', 'internal'],
    ['127.0.0.1', 'http://0x7f.1/', 'internal'],
    ['127.0.0.1', 'http://[::ffff:127.0.0.1]/', 'internal'],
    ['127.0.0.1', 'http://127.0.0.2/', 'loopback'],
    ['127.0.0.1', 'http://localhost/', 'loopback'],
    ['0x7f.1', 'http://127.0.0.1/', 'internal'],
    ['127.0.0.1:9000', 'http://127.0.0.1:9000/', 'internal'],
    ['127.0.0.1:9000', 'http://127.0.0.1:9001/', 'loopback'],
    ['127.0.0.1:80', 'http://127.0.0.1/', 'internal'],
    ['127.0.0.1:443', 'https://127.0.0.1/', 'internal'],
    ['127.0.0.1:443', 'http://127.0.0.1/', 'loopback'],
    ['10.0.0.0/8', 'http://10.1.2.3/', 'internal'],
    ['10.0.0.0/8', 'http://11.1.2.3/', 'public'],
    ['10.0.0.0/8:5432', 'http://10.1.2.3:5432/', 'internal'],
    ['10.0.0.0/8:5432', 'http://10.1.2.3/', 'private'],
    ['::1', 'http://[::1]:3000/', 'internal'],
    ['[::1]', 'http://[::1]/', 'internal'],
    ['[::1]:3000', 'http://[::1]:3000/', 'internal'],
    ['[::1]:3000', 'http://[::1]:3001/', 'loopback'],
    ['fd00::/8', 'http://[fd00:1::2]/', 'internal'],
    ['[fd00::/8]:443', 'https://[fd00:1::2]/', 'internal'],
    ['localhost', 'http://LOCALHOST.:1234/', 'internal'],
    ['LocalHost', 'http://localhost/', 'internal'],
    ['localhost', 'http://evil.localhost/', 'reserved-name'],
    ['localhost', 'http://127.0.0.1/', 'loopback'],
    ['*.example.internal', 'http://a.b.example.internal/', 'internal'],
    ['*.example.internal', 'http://example.internal/', 'reserved-name'],
    ['*.example.internal', 'http://notexample.internal/', 'reserved-name'],
    ['*.example.internal:8443', 'https://a.example.internal:8443/', 'internal'],
    ['*.example.internal:8443', 'https://a.example.internal/', 'reserved-name'],
    ['ollama', 'http://ollama:11434/v1', 'internal'],
    ['models.example.com', 'https://models.example.com/', 'internal'],
    ['models.example.com', 'https://models.example.com.evil.com/', 'public'],
    ['127.0.0.1', 'http://user@127.0.0.1/', 'outbound_url_credentials'],
    ['127.0.0.1', 'ftp://127.0.0.1/', 'outbound_invalid_url'],
  ])('%s with %s: %s', (item, url, expected) => {
    const checked = checkUrl(url, parseAllowList([item]))
    const verdict = checked.ok ? checked.value.route : (checked.error.params.kind ?? checked.error.code)
    expect(verdict).toBe(expected)
  })

  test.each([
    'http://localhost',
    '*',
    '*.',
    '*.10.0.0.1',
    'a.*.com',
    'host:0',
    'host:99999',
    'host:x',
    '10.0.0.0/33',
    '::1/129',
    '[::1',
    'a b',
    'user@host',
    'host/path',
    '1.2.3.4.5',
  ])('does not read %j', (item) => {
    expect(() => parseAllowList(['127.0.0.1', item])).toThrow(`OUTBOUND_ALLOW: "${item}"`)
  })
})
