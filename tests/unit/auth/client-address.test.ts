import { describe, expect, it } from 'vitest'
import { accountKey, addressKey } from '#auth/attempt-keys'
import { readClientAddress } from '#auth/client-address'

function from(headers: Record<string, string>, cf?: unknown) {
  return { headers: new Headers(headers), cf }
}

const FORGED = {
  'X-Forwarded-For': '203.0.113.9',
  'X-Real-IP': '203.0.113.9',
  Forwarded: 'for=203.0.113.9',
  'CF-Connecting-IP': '203.0.113.9',
  'MF-CF-Blob': '{"clientIp":"203.0.113.9:1"}',
}

describe("a client's address", () => {
  it.each([
    ['192.0.2.1:4711', '192.0.2.1'],
    ['[2001:db8::1]:4711', '2001:db8::1'],
    ['[::ffff:192.0.2.1]:4711', '192.0.2.1'],
    ['', undefined],
    ['unknown:1', undefined],
  ])('is the peer %s, whatever its headers say', (clientIp, expected) => {
    expect(readClientAddress(from(FORGED, { clientIp }), undefined)).toBe(expected)
  })

  it('is unknown where nobody tells the peer', () => {
    expect(readClientAddress(from(FORGED), undefined)).toBeUndefined()
    expect(readClientAddress(from(FORGED, { country: 'BR', clientIp: 7 }), undefined)).toBeUndefined()
  })

  it.each([
    ['198.51.100.7', '198.51.100.7'],
    ['203.0.113.9, 198.51.100.7', '198.51.100.7'],
    ['203.0.113.9,  2001:DB8::7 ', '2001:db8::7'],
    ['203.0.113.9, nobody', undefined],
    ['', undefined],
  ])('is what the proxy wrote last into the header that is set: %s', (value, expected) => {
    const request = from({ ...FORGED, 'X-Client': value }, { clientIp: '192.0.2.1:1' })
    expect(readClientAddress(request, 'X-Client')).toBe(expected)
  })

  it('is never the proxy itself', () => {
    expect(readClientAddress(from(FORGED, { clientIp: '192.0.2.1:1' }), 'X-Client')).toBeUndefined()
  })
})

describe('what failures are counted by', () => {
  it('hides the account, and takes an IPv6 network for one', () => {
    expect(accountKey('ana@example.com')).toMatch(/^account:[0-9a-f]{64}$/)
    expect(addressKey('192.0.2.1')).toBe('address:192.0.2.1')
    expect(addressKey('::ffff:192.0.2.1')).toBe('address:192.0.2.1')
    expect(addressKey('2001:db8:1:2:3:4:5:6')).toBe('address:2001:db8:1:2::/64')
    expect(addressKey('2001:db8:1:2::9')).toBe(addressKey('2001:db8:1:2:ffff::'))
    expect(addressKey('2001:db8:1:3::9')).not.toBe(addressKey('2001:db8:1:2::9'))
  })
})
