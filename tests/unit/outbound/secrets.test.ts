import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createOutbound, type OutboundRequest } from '#outbound/gate'
import { redactResponse } from '#outbound/redact-response'
import { createSecretFill } from '#outbound/secrets'
import { redirectTo, type ScriptedServer, startScriptedServer } from './scripted-server.ts'

const HOME = 'http://api.home.com'
const AWAY = 'http://away.com'
const TOKEN = 'secret_0123456789abcdef_'
/** With everything that some encoding changes. */
const VALUE = 'p"ä+s s&1\\%'
const LOGIN = `Basic ${Buffer.from(`ana:${TOKEN}`).toString('base64')}`

let server: ScriptedServer

beforeAll(async () => {
  server = await startScriptedServer({
    '/ok': (response) => response.end('ok'),
    '/home': redirectTo(307, '/ok'),
    '/away': redirectTo(307, `${AWAY}/ok`),
    '/other': redirectTo(307, 'http://other.home.com/ok'),
  })
})
afterAll(() => server.stop())
beforeEach(() => server.forget())

function send(request: Omit<OutboundRequest, 'secrets'>, hosts: readonly string[] = []) {
  const secrets = createSecretFill([{ name: 'KEY', value: VALUE, hosts, placeholder: TOKEN }])
  const toServer = (sent: Request) => {
    const url = new URL(sent.url)
    return fetch(new Request(`http://127.0.0.1:${server.port}${url.pathname}${url.search}`, sent))
  }
  const outbound = createOutbound({ bindings: { OUTBOUND_PUBLIC: { fetch: toServer } }, allow: [] })
  return { answer: outbound.fetch({ ...request, secrets }), secrets }
}

const post = (path: string, body: string, type: string) => ({
  url: `${HOME}${path}`,
  method: 'POST',
  headers: { 'content-type': type },
  body,
})
const refused = { code: 'outbound_secret_host', params: { name: 'KEY', host: 'api.home.com' }, retryable: false }

describe('a secret leaves', () => {
  test('in a header', async () => {
    await send({ url: `${HOME}/ok`, headers: { 'x-key': `k ${TOKEN}` } }).answer
    expect(Buffer.from(server.requests[0]?.headers['x-key']?.toString() ?? '', 'latin1').toString('latin1')).toBe(
      `k ${VALUE}`,
    )
  })

  test('in a login, whose base64 does not come back either', async () => {
    const { answer, secrets } = send({ url: `${HOME}/ok`, headers: { authorization: LOGIN } })
    await answer
    const sent = Buffer.from(`ana:${VALUE}`).toString('base64')
    expect(server.requests[0]?.headers.authorization).toBe(`Basic ${sent}`)
    expect(secrets.hidden()).toContain(sent.replace(/=+$/, ''))
  })

  test('in a query', async () => {
    const response = await send({ url: `${HOME}/ok?a=1&key=${TOKEN}` }).answer
    expect(new URL(server.requests[0]?.url ?? '', HOME).searchParams.get('key')).toBe(VALUE)
    expect(response.url).toBe(`${HOME}/ok?a=1&key=${TOKEN}`)
  })

  test.each([
    ['JSON', 'application/vnd.api+json; charset=utf-8', JSON.stringify({ key: TOKEN }), JSON.stringify({ key: VALUE })],
    ['a form', 'application/x-www-form-urlencoded', `key=${TOKEN}`, new URLSearchParams({ key: VALUE }).toString()],
    ['text', 'text/plain', `key=${TOKEN}`, `key=${VALUE}`],
  ])('in a body of %s, written as that wants it', async (_, type, body, expected) => {
    await send(post('/ok', body, type)).answer
    expect(server.requests[0]?.body).toBe(expected)
  })

  test.each([`http://${TOKEN}.home.com/`, `${HOME}/${TOKEN}`])('never in %s', async (url) => {
    await expect(send({ url }).answer).rejects.toMatchObject({ code: 'outbound_secret_place' })
    expect(server.requests).toEqual([])
  })

  test('not as a header that HTTP does not have, and the error does not repeat it', async () => {
    const secrets = createSecretFill([{ name: 'KEY', value: 'two\nlines', hosts: [], placeholder: TOKEN }])
    const hop = { url: HOME, method: 'GET', headers: new Headers({ 'x-key': TOKEN }), body: null }
    expect(() => secrets.apply(hop, new URL(HOME), new URL(HOME))).toThrow(/api\.home\.com is not valid: x-key/)
  })
})

describe('a secret that is bound to hosts', () => {
  test.each([
    [['api.home.com'], true],
    [['*.home.com'], true],
    [['home.com'], false],
    [['*.api.home.com'], false],
    [['api.home.com.evil.com', 'xapi.home.com'], false],
  ])('%j: leaves for api.home.com: %s', async (hosts, leaves) => {
    const { answer } = send({ url: `${HOME}/ok`, headers: { authorization: LOGIN } }, hosts)
    const outcome: unknown = await answer.catch((error: unknown) => error)
    expect(outcome).toMatchObject(leaves ? { status: 200 } : refused)
    expect(server.requests).toHaveLength(leaves ? 1 : 0)
  })

  test('follows a redirect to one of them with its body, and to no other', async () => {
    await send(post('/other', TOKEN, 'text/plain'), ['*.home.com']).answer
    expect(server.requests.map(({ body }) => body)).toEqual([VALUE, VALUE])
    server.forget()
    await expect(send(post('/away', TOKEN, 'text/plain'), ['*.home.com']).answer).rejects.toMatchObject({
      params: { host: 'away.com' },
    })
    expect(server.requests).toHaveLength(1)
  })

  test('is not carried from https to http', () => {
    const secrets = createSecretFill([{ name: 'KEY', value: VALUE, hosts: ['*.home.com'], placeholder: TOKEN }])
    const hop = { url: HOME, method: 'POST', headers: new Headers(), body: TOKEN }
    expect(() => secrets.apply(hop, new URL(HOME), new URL('https://api.home.com'))).toThrow(/may not be sent/)
  })
})

describe('a secret without hosts', () => {
  test('is sent again within its origin, and never carried to another', async () => {
    await send(post('/home', TOKEN, 'text/plain')).answer
    expect(server.requests.map(({ body }) => body)).toEqual([VALUE, VALUE])
    await expect(send(post('/other', TOKEN, 'text/plain')).answer).rejects.toMatchObject({
      code: 'outbound_secret_host',
      params: { host: 'other.home.com' },
    })
  })
})

test('an answer comes back without it, however it was sent', async () => {
  const { secrets, answer } = send({ url: `${HOME}/ok`, headers: { authorization: LOGIN } })
  await answer
  const sent = Buffer.from(`ana:${VALUE}`).toString('base64')
  const forms = [VALUE, JSON.stringify(VALUE), encodeURIComponent(VALUE), new URLSearchParams({ VALUE }).toString()]
  const body = Buffer.concat([Buffer.from([0xff, 0x00]), Buffer.from([...forms, sent, TOKEN].join('\n'))])
  const echoed = new Response(body, { status: 418, headers: { 'x-back': encodeURIComponent(VALUE) } })
  const redacted = await redactResponse(echoed, secrets.hidden())
  expect([redacted.status, redacted.headers.get('x-back')]).toEqual([418, '***'])
  const bytes = Buffer.from(await redacted.arrayBuffer())
  expect(bytes.subarray(0, 2)).toEqual(Buffer.from([0xff, 0x00]))
  expect(bytes.subarray(2).toString()).toBe(`***\n"***"\n***\nVALUE=***\n***==\n***`)
})
