/** Where a public server may lead the gate: what it asks for is checked as if a user had written it. */
import { parseAllowList } from '#outbound/allow-list'
import { createOutbound, type OutboundRequest } from '#outbound/gate'
import { describe, expect, test } from 'vitest'
import { INTERNAL, NO_URLS, WITH_CREDENTIALS } from './spellings.ts'

const HOME = 'https://home.example.com/'

interface Sent {
  readonly url: string
  readonly method: string
  readonly headers: Headers
  readonly body: string
}

type Answer = (request: Sent) => Response

function redirectTo(location: string, status = 302): Response {
  const ascii = location.replaceAll(/\P{ASCII}+/gu, encodeURIComponent)
  return new Response(null, { status, headers: { location: ascii } })
}

/** The gate over a network in which each address answers as told, and whatever else is reached says so. */
function gateOver(answers: Readonly<Record<string, Answer>>) {
  const sent: Sent[] = []
  const way = {
    async fetch(request: Request): Promise<Response> {
      const { url, method, headers } = request
      const one = { url, method, headers, body: await request.text() }
      sent.push(one)
      return answers[url]?.(one) ?? new Response(`reached ${url}`)
    },
  }
  const gate = createOutbound({
    bindings: { OUTBOUND_PUBLIC: way, OUTBOUND_INTERNAL: way },
    allow: parseAllowList(['allowed.internal']),
  })
  const send = (request: Partial<OutboundRequest> = {}) => gate.fetch({ url: HOME, ...request })
  return { send, sent, urls: () => sent.map(({ url }) => url) }
}

/** Some spellings cannot stand in a header at all, nor in a relative reference. */
const inHeaders = (url: string): boolean => !/[\t\n]/.test(url)

describe('a redirect', () => {
  const internal = INTERNAL.filter(([url]) => inHeaders(url))
  test.each(internal)('to %j is refused', async (location) => {
    const { send, urls } = gateOver({ [HOME]: () => redirectTo(location) })
    await expect(send()).rejects.toMatchObject({ code: expect.stringMatching(/^outbound_(not_allowed|invalid_url)$/) })
    expect(urls()).toEqual([HOME])
  })

  const absolute = [...NO_URLS, ...WITH_CREDENTIALS].filter((url) => url.includes(':') && inHeaders(url))
  test.each(absolute)('to %j is refused', async (location) => {
    const { send, urls } = gateOver({ [HOME]: () => redirectTo(location) })
    await expect(send()).rejects.toMatchObject({ name: 'OutboundError', retryable: false })
    expect(urls()).toEqual([HOME])
  })

  test.each([301, 302, 303, 307, 308])('%i after two public ones is checked like the first', async (status) => {
    const [second, third] = ['https://second.example.org/', 'http://8.8.8.8/']
    const { send, urls } = gateOver({
      [HOME]: () => redirectTo(second, status),
      [second]: () => redirectTo(third, status),
      [third]: () => redirectTo('http://169.254.169.254/latest/meta-data/', status),
    })
    await expect(send({ method: 'POST' })).rejects.toMatchObject({ code: 'outbound_not_allowed' })
    expect(urls()).toEqual([HOME, second, third])
  })

  test.each([300, 304, 305, 306])('is no %i: its Location is nothing to follow', async (status) => {
    const { send, urls } = gateOver({ [HOME]: () => redirectTo('http://127.0.0.1/', status) })
    expect((await send()).status).toBe(status)
    expect(urls()).toEqual([HOME])
  })

  test('from an allow-listed host gets nobody else let in', async () => {
    const start = 'http://allowed.internal/'
    const { send, urls } = gateOver({ [start]: () => redirectTo('http://other.internal/') })
    await expect(send({ url: start })).rejects.toMatchObject({ code: 'outbound_not_allowed' })
    expect(urls()).toEqual([start])
  })

  test('that goes round between two servers ends', async () => {
    const away = 'https://away.example.com/'
    const { send, sent } = gateOver({ [HOME]: () => redirectTo(away), [away]: () => redirectTo(HOME) })
    await expect(send()).rejects.toMatchObject({ code: 'outbound_too_many_redirects' })
    expect(sent.length).toBe(6)
  })

  test('uses up the one time limit of the whole chain', async () => {
    const never = new Promise<Response>(() => undefined)
    const chain = { fetch: ({ url }: Request) => (url === HOME ? Promise.resolve(redirectTo('/next')) : never) }
    const gate = createOutbound({ bindings: { OUTBOUND_PUBLIC: chain }, allow: [] })
    await expect(gate.fetch({ url: HOME }, { timeoutMs: 30 })).rejects.toMatchObject({ code: 'outbound_timeout' })
  })
})

describe('what goes along', () => {
  const SECRETS = { authorization: 'a', cookie: 'b', 'x-api-key': 'c', 'x-custom-signature': 'd', referer: 'e' }

  test.each([
    ['another host', 'https://away.example.com/'],
    ['a subdomain', 'https://sub.home.example.com/'],
    ['another port', 'https://home.example.com:8443/'],
    ['the same host without TLS', 'http://home.example.com/'],
  ])('to %s holds no secret, and none comes back with the way home', async (_, location) => {
    const { send, sent } = gateOver({ [HOME]: () => redirectTo(location), [location]: () => redirectTo(`${HOME}end`) })
    await send({ headers: { ...SECRETS, accept: 'text/plain' } })
    expect(sent.map(({ headers }) => Object.keys(SECRETS).filter((name) => headers.has(name)).length)).toEqual([
      5, 0, 0,
    ])
    expect(sent.map(({ headers }) => headers.get('accept'))).toEqual(Array(3).fill('text/plain'))
  })

  test('is no cookie that a server set on the way', async () => {
    const set = { 'set-cookie': 'session=1', location: '/next' }
    const { send, sent } = gateOver({ [HOME]: () => new Response(null, { status: 302, headers: set }) })
    await send()
    expect(sent[1]?.headers.has('cookie')).toBe(false)
  })

  test.each([307, 308])('is no body from TLS into the clear: the %i is handed back', async (status) => {
    const { send, sent } = gateOver({ [HOME]: () => redirectTo('http://home.example.com/', status) })
    const answer = await send({ method: 'POST', body: 'card=4111' })
    expect([answer.status, sent.length]).toEqual([status, 1])
  })
})
