/** Every address with methods, spellings and headers that are not its own. */
import { beforeAll, describe, expect, test } from 'vitest'
import { callAs, garbageFor, outcome, prepare } from './calls.ts'
import { FIXTURES } from './fixtures/catalog.ts'
import { hit } from './hit.ts'
import { fillPath, type Operation, readOperations } from './operations.ts'
import { type Caller, createTeam } from './people.ts'

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

let operations: readonly Operation[]
let owner: Caller

beforeAll(async () => {
  operations = Array.from((await readOperations()).values())
  owner = (await createTeam()).members.owner
})

/** The methods of every route that matches: `/workflows/{id}` matches `/workflows/import` too. */
function methodsAt(at: string): string[] {
  const matching = operations.filter(({ path }) => new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(at))
  return METHODS.filter((method) => matching.some((operation) => operation.method === method))
}

describe.each([...new Set(Object.keys(FIXTURES).map((name) => name.split(' ')[1] ?? ''))])('%s', (path) => {
  const at = fillPath(path)

  test('answers a wrong method with 405 and the right ones, to everybody alike', async () => {
    const known = methodsAt(at)
    const allow = [...known.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : method)), 'OPTIONS'].join(', ')
    for (const method of METHODS.filter((one) => !known.includes(one))) {
      for (const answer of [await hit(at, { method }), await owner.call(at, { method, ...garbageFor(method) })]) {
        expect([outcome(answer), answer.headers.get('Allow')], method).toEqual(['405 method_not_allowed', allow])
      }
    }
    const options = await hit(at, { method: 'OPTIONS' })
    expect([options.status, options.headers.get('Allow'), options.text]).toEqual([204, allow, ''])
  })

  test('takes no other method’s place, whatever the headers and the query say', async () => {
    const get = operations.find((operation) => operation.path === path && operation.method === 'GET')
    if (get === undefined) return
    const { path: target } = await prepare(owner, get)
    const plain = outcome(await owner.call(target))
    for (const header of ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override']) {
      expect(outcome(await owner.call(target, { headers: { [header]: 'DELETE' } })), header).toBe(plain)
    }
    const overridden = outcome(await owner.call(`${target}?_method=DELETE`))
    expect([plain, '422 validation_failed'], '_method').toContain(overridden)
    const rewritten = {
      'X-Original-URL': '/',
      'X-Rewrite-URL': '/',
      'X-Forwarded-Prefix': '/',
      'X-Forwarded-Host': 'evil.example',
    }
    expect(outcome(await owner.call(target, { headers: rewritten })), 'X-Original-URL').toBe(plain)
  })

  test('answers HEAD as GET, without the body and not without the token', async () => {
    const get = operations.find((operation) => operation.path === path && operation.method === 'GET')
    if (get === undefined) return
    const withToken = await callAs(owner, owner, { ...get, method: 'HEAD' })
    expect([get.successes.includes(withToken.status), withToken.text]).toEqual([true, ''])
    expect((await hit(at, { method: 'HEAD' })).status).toBe(get.isPublic ? 200 : 401)
  })

  test('opens to no other spelling of the address', async () => {
    const guarded = operations.filter((operation) => operation.path === path && !operation.isPublic)
    const spellings = [
      `/${at}`,
      at.replace('/api', '//api'),
      at.replace('/v1', '/./v1'),
      at.replace('/v1', '/v1/../v1'),
      at.replace('/v1', '/%2e/v1'),
      at.replace('/api/', '/api%2f'),
      at.replace('/api', '/%61pi'),
      at.replace('/api', '/API'),
      at.replace('/api', '\\api'),
      `${at}/`,
      `${at}//`,
      `${at};.json`,
      `${at}.json`,
      `${at}%00`,
      `${at}%20`,
      `${at}%2f`,
      `${at}?`,
      `${at}#`,
      `/health/..${at}`,
      `/health/%2e%2e${at}`,
      `/docs/..;${at}`,
    ]
    for (const { method } of guarded) {
      const statuses = spellings.map(async (spelling) => {
        const { status } = await hit(spelling, { method })
        // 405: `/user-variables/bulk.json` is the id of a variable, and nothing is posted to one.
        expect([401, 404, 405], `${method} ${spelling}`).toContain(status)
      })
      await Promise.all(statuses)
    }
  })
})

describe('CORS', () => {
  const ORIGINS = [
    'null',
    'https://evil.example',
    'http://localhost:8000.evil.example',
    'HTTP://LOCALHOST:8000',
    '*',
    'file://',
  ]

  test.each(ORIGINS)('tells %s nothing, with a token or without', async (origin) => {
    const preflight = { Origin: origin, 'Access-Control-Request-Method': 'DELETE' }
    const answers = [
      await hit('/api/v1/auth/me', { method: 'OPTIONS', headers: preflight }),
      await owner.call('/api/v1/auth/me', { headers: { Origin: origin } }),
      await hit('/nowhere', { headers: { Origin: origin } }),
    ]
    for (const { headers } of answers) {
      expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
    }
  })
})

describe('Authorization', () => {
  const statusOf = async (headers: Record<string, string>) => outcome(await hit('/api/v1/auth/me', { headers }))

  test('is read one way alone', async () => {
    const { token } = owner
    for (const value of [`bearer ${token}`, `BEARER   ${token}`, `Bearer ${token}  `]) {
      expect(await statusOf({ authorization: value }), value.slice(0, 12)).toBe('200')
    }
    const nobody = [
      `Bearer ${token}, Bearer x`,
      `Bearer x, Bearer ${token}`,
      `Basic x, Bearer ${token}`,
      `Token ${token}`,
    ]
    for (const value of [
      ...nobody,
      `Bearer\t${token}`,
      `Bearer "${token}"`,
      `Bearer:${token}`,
      token,
      `Bearer ${token} x`,
    ]) {
      expect(await statusOf({ Authorization: value }), value.slice(0, 20)).toBe('401 not_authenticated')
    }
  })

  test('comes in the header and nowhere else', async () => {
    const { token } = owner
    const elsewhere = {
      Cookie: `access_token=${token}; session=${token}`,
      'X-Access-Token': token,
      'Proxy-Authorization': `Bearer ${token}`,
    }
    expect(await statusOf(elsewhere)).toBe('401 not_authenticated')
    expect(outcome(await hit(`/api/v1/auth/me?token=${token}&access_token=${token}`))).toBe('401 not_authenticated')
  })
})
