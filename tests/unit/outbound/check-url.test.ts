import { parseAllowList } from '#outbound/allow-list'
import { checkUrl } from '#outbound/check-url'
import { describe, expect, test } from 'vitest'

const NOTHING = parseAllowList([])

function verdict(text: string): string {
  const checked = checkUrl(text, NOTHING)
  if (checked.ok) return checked.value.route
  return String(checked.error.params.kind ?? checked.error.code)
}

/** Every spelling that a browser, curl or a resolver somewhere has taken for an internal address. */
const INTERNAL_ADDRESSES: Readonly<Record<string, readonly string[]>> = {
  loopback: [
    'http://127.0.0.1/',
    'http://127.0.0.1:8080/',
    'http://127.1/',
    'http://127.0.1/',
    'http://127.255.255.254/',
    'http://127.0.0.1./',
    'http://2130706433/',
    'http://2130706433./',
    'http://0x7f000001/',
    'http://0X7F000001/',
    'http://017700000001/',
    'http://0177.0.0.1/',
    'http://0177.0.0.01/',
    'http://0x7f.0x0.0x0.0x1/',
    'http://0x7f.1/',
    'http://0x7f.0.01/',
    'http://00000000000000000000000000000177.0.0.1/',
    'http://127.0.0.0x1/',
    'http://%31%32%37.0.0.1/',
    'http://127%2E0%2E0%2E1/',
    'http://127。0。0。1/',
    'http://１２７.０.０.１/',
    'http://①②⑦.⓪.⓪.①/',
    'http://𝟏𝟐𝟕.𝟎.𝟎.𝟏/',
    'http://127.0.0.\u00AD1/',
    'http:\\\\127.0.0.1\\',
    'http:127.0.0.1',
    'http:/127.0.0.1',
    'http:////127.0.0.1',
    ' \thttp://127.0.0.1/',
    'ht\ntp://127.0.\n0.1/',
    'HTTP://127.0.0.1/',
    'https://127.0.0.1/',
    'http://[::1]/',
    'http://[::1]:8000/',
    'http://[0:0:0:0:0:0:0:1]/',
    'http://[0000:0000:0000:0000:0000:0000:0000:0001]/',
    'http://[::0.0.0.1]/',
    'http://localhost/',
    'http://LOCALHOST/',
    'http://LocalHost:3000/',
    'http://localhost./',
    'http://ｌocalhost/',
    'http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/',
    'http://local\u00ADhost/',
    'http://%6c%6fcalhost/',
  ],
  ipv4Mapped: [
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:7f00:1]/',
    'http://[::FFFF:7F00:0001]/',
    'http://[0:0:0:0:0:ffff:127.0.0.1]/',
    'http://[::ffff:169.254.169.254]/',
    'http://[::ffff:10.0.0.1]/',
    'http://[::ffff:8.8.8.8]/',
  ],
  private: [
    'http://10.0.0.1/',
    'http://10.255.255.255/',
    'http://10.1/',
    'http://0xa000001/',
    'http://167772161/',
    'http://012.0.0.1/',
    'http://172.16.0.1/',
    'http://172.31.255.255/',
    'http://192.168.0.1/',
    'http://192.168.257/',
    'http://3232235521/',
    'http://0300.0250.0.1/',
  ],
  linkLocal: [
    'http://169.254.169.254/latest/meta-data/',
    'http://169.254.169.254./',
    'http://2852039166/',
    'http://0xa9fea9fe/',
    'http://0xA9.0xFE.0xA9.0xFE/',
    'http://0251.0376.0251.0376/',
    'http://169.254.43518/',
    'http://169.16689662/',
    'http://169.254.0.1/',
    'http://169.254.170.2/v2/credentials',
    'http://[fe80::1]/',
    'http://[febf::1]/',
  ],
  carrierGradeNat: ['http://100.64.0.1/', 'http://100.127.255.255/', 'http://100.100.100.200/'],
  uniqueLocal: [
    'http://[fd00:ec2::254]/',
    'http://[fc00::1]/',
    'http://[fd12:3456:789a::1]/',
    'http://[fd20:ce::254]/',
  ],
  unspecified: [
    'http://0.0.0.0/',
    'http://0/',
    'http://0x0/',
    'http://000/',
    'http://0.0/',
    'http://0.1.2.3/',
    'http://[::]/',
  ],
  multicast: ['http://224.0.0.1/', 'http://239.255.255.250/', 'http://[ff02::1]/', 'http://[ff0e::1]/'],
  broadcast: ['http://255.255.255.255/', 'http://4294967295/', 'http://0xffffffff/'],
  reserved: [
    'http://240.0.0.1/',
    'http://192.0.0.192/',
    'http://192.0.2.1/',
    'http://192.88.99.1/',
    'http://198.18.0.1/',
    'http://198.19.255.255/',
    'http://198.51.100.7/',
    'http://203.0.113.9/',
    'http://168.63.129.16/',
    'http://[::127.0.0.1]/',
    'http://[::7f00:1]/',
    'http://[1::1]/',
    'http://[4000::1]/',
    'http://[2001:db8::1]/',
    'http://[3fff::1]/',
  ],
  rfc6052: ['http://[64:ff9b::7f00:1]/', 'http://[64:ff9b::169.254.169.254]/', 'http://[64:ff9b:1::1]/'],
  rfc6145: ['http://[::ffff:0:127.0.0.1]/'],
  '6to4': ['http://[2002:7f00:1::]/', 'http://[2002:a9fe:a9fe::1]/'],
  teredo: ['http://[2001:0:7f00:1::]/'],
  deprecatedSiteLocal: ['http://[fec0::1]/'],
  discard: ['http://[100::1]/'],
  segmentRouting: ['http://[5f00::1]/'],
}

const INTERNAL_NAMES: Readonly<Record<string, readonly string[]>> = {
  'single-label-name': [
    'http://intranet/',
    'http://metadata/',
    'http://com/',
    'http://postgres:5432/',
    'http://router./',
  ],
  'reserved-name': [
    'http://app.localhost/',
    'http://a.b.LOCALHOST./',
    'http://localhost.localdomain/',
    'http://metadata.google.internal/',
    'http://printer.local/',
    'http://nas.home.arpa/',
    'http://1.0.0.127.in-addr.arpa/',
    'http://something.onion/',
    'http://box.lan/',
    'http://svc.corp/',
    'http://no.such.invalid/',
    'http://service.test/',
  ],
}

const PUBLIC = [
  'https://example.com/',
  'https://EXAMPLE.com.:8443/path?q=1#f',
  'http://sub.example.co.uk/',
  'https://müller.de/',
  'https://my_host.example.com/',
  'http://1.1.1.1/',
  'http://8.8.8.8:8080/',
  'http://9.255.255.255/',
  'http://11.0.0.0/',
  'http://100.63.255.255/',
  'http://100.128.0.0/',
  'http://126.255.255.255/',
  'http://128.0.0.0/',
  'http://169.253.255.255/',
  'http://172.15.255.255/',
  'http://172.32.0.0/',
  'http://192.167.255.255/',
  'http://192.169.0.0/',
  'http://223.255.255.255/',
  'https://[2606:4700:4700::1111]/',
  'https://[2a00:1450:4001::1]/',
  // Names that only look like one of the reserved ones; where they lead is decided by the network.
  'https://localhost.example.com/',
  'https://127.0.0.1.nip.io/',
  'https://notlocalhost.com/',
  'https://internal.example.com/',
]

const NO_URLS = [
  '',
  'example.com',
  '/path',
  'ftp://example.com/',
  'file:///etc/passwd',
  'gopher://example.com/',
  'javascript:alert(1)',
  'data:text/plain,x',
  'blob:https://example.com/1',
  'ws://example.com/',
  'http://',
  'http://./',
  'http://../',
  'http://localhost../',
  'http://a..example.com/',
  'http://[::1%25eth0]/',
  'http://[fe80::1%eth0]/',
  'http://[::1/',
  'http://[127.0.0.1]/',
  'http://256.256.256.256/',
  'http://1.2.3.4.5/',
  'http://foo.0x7f/',
  'http://127.0.0.1:99999/',
  'http://exa mple.com/',
  'http://exa%00mple.com/',
  `http://${'a.'.repeat(130)}com/`,
]

describe('checkUrl', () => {
  const internal = [INTERNAL_ADDRESSES, INTERNAL_NAMES].flatMap((table) =>
    Object.entries(table).flatMap(([kind, urls]) => urls.map((url) => [url, kind] as const)),
  )
  test.each(internal)('refuses %j as %s', (url, kind) => {
    expect(verdict(url)).toBe(kind)
  })

  test.each(PUBLIC)('lets %j out', (url) => {
    expect(verdict(url)).toBe('public')
  })

  test.each(NO_URLS)('does not take %j for an address', (url) => {
    expect(verdict(url)).toBe('outbound_invalid_url')
  })

  test.each([
    'http://user@example.com/',
    'http://user:pass@example.com/',
    'http://example.com@127.0.0.1/',
    'http://:x@a.com/',
  ])('refuses the credentials in %j', (url) => {
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
