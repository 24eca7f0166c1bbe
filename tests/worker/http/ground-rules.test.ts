import { beforeAll, describe, expect, test } from 'vitest'
import { ORIGIN, post, readProblem, registerUser, send } from './client.ts'

let token: string
beforeAll(async () => {
  token = await registerUser()
})
const bearer = () => ({ Authorization: `Bearer ${token}` })

describe('an error', () => {
  test('is in Portuguese by default, in English on request', async () => {
    const detailIn = async (headers: Record<string, string>) =>
      (await readProblem(await send('/nowhere', { headers }))).detail
    expect(await detailIn({})).toBe('Não encontrado.')
    expect(await detailIn({ 'Accept-Language': '*' })).toBe('Não encontrado.')
    expect(await detailIn({ 'Accept-Language': 'fr' })).toBe('Não encontrado.')
    expect(await detailIn({ 'Accept-Language': 'en-GB,en;q=0.9' })).toBe('Not found.')
  })

  test('without a token is the 401 that older clients compare', async () => {
    const response = await send('/api/v1/auth/me')
    expect(await readProblem(response)).toMatchObject({ status: 401, detail: 'Not authenticated' })
    expect(response.headers.get('WWW-Authenticate')).toBe('Bearer')
  })

  test.each(['Bearer x', 'bearer eyJ.x.y', 'Bearer sk_none'])(
    'with the token %j is Credenciais inválidas',
    async (header) => {
      const response = await send('/api/v1/auth/me', { headers: { Authorization: header } })
      expect(await readProblem(response)).toMatchObject({ status: 401, detail: 'Credenciais inválidas' })
    },
  )

  test.each(['Basic dTpw', 'Bearer', 'Bearer ', 'x'])(
    'with the header %j counts as without a token',
    async (header) => {
      const response = await send('/api/v1/auth/me', { headers: { Authorization: header } })
      expect((await readProblem(response)).code).toBe('not_authenticated')
    },
  )

  test('for a known address with a wrong method is a 405 that allows the others', async () => {
    const response = await send('/api/v1/auth/me', { method: 'DELETE' })
    expect(await readProblem(response)).toMatchObject({ status: 405, detail: 'Este endereço não aceita DELETE.' })
    expect(response.headers.get('Allow')).toBe('GET, HEAD, PUT, PATCH, OPTIONS')
  })
})

describe('every answer', () => {
  test('has a request id of its own, or a sane one of the caller', async () => {
    const idFor = async (sent?: string) =>
      (await send('/nowhere', sent === undefined ? {} : { headers: { 'X-Request-Id': sent } })).headers.get(
        'X-Request-Id',
      )
    expect(await idFor('0af7651916cd43dd-8448eb211c80319c')).toBe('0af7651916cd43dd-8448eb211c80319c')
    expect(await idFor()).toMatch(/^[0-9a-f-]{36}$/)
    expect(await idFor('{"level":"error"}')).toMatch(/^[0-9a-f-]{36}$/)
    expect(await idFor('x'.repeat(129))).toMatch(/^[0-9a-f-]{36}$/)
  })

  test.each(['/', '/health', '/docs', '/openapi.json', '/nowhere', '/api/v1/auth/me'])(
    'from %s is safe to hold',
    async (path) => {
      const { headers } = await send(path)
      expect(headers.get('X-Content-Type-Options')).toBe('nosniff')
      expect(headers.get('Referrer-Policy')).toBe('no-referrer')
      expect(headers.get('X-Frame-Options')).toBe('DENY')
      expect(headers.get('Content-Security-Policy')).toContain("default-src 'none'")
      expect(headers.get('Vary')).toContain('Origin')
    },
  )

  test('to HEAD is that to GET without the body', async () => {
    const response = await send('/', { method: 'HEAD' })
    expect(response.status).toBe(200)
    expect(response.headers.get('Content-Type')).toBe('application/json')
    expect(await response.text()).toBe('')
  })

  test.each(['/api/v1/auth/me', '/api/v1/workflows'])('of %s comes with and without the slash', async (path) => {
    for (const spelling of [path, `${path}/`]) {
      const response = await send(spelling, { headers: bearer(), redirect: 'manual' })
      expect(response.status).toBe(200)
    }
  })
})

test.each(['/api/v1/ws', '/ws'])('a websocket below %s keeps its socket and gets a request id', async (base) => {
  const response = await send(`${base}/execution/${crypto.randomUUID()}`, {
    headers: { Upgrade: 'websocket', Origin: ORIGIN },
  })
  expect(response.status).toBe(101)
  expect(response.headers.get('X-Request-Id')).toMatch(/^[0-9a-f-]{36}$/)
  const closed = new Promise<CloseEvent>((done) => response.webSocket?.addEventListener('close', done))
  response.webSocket?.accept()
  expect((await closed).code).toBe(4001)
})

describe('input outside the body', () => {
  test('that is wrong is named with its place', async () => {
    const response = await send('/api/v1/workflows?page=0&size=101', { headers: bearer() })
    expect((await readProblem(response)).errors).toEqual([
      { pointer: 'page', in: 'query', detail: 'Deve ser no mínimo 1.' },
      { pointer: 'size', in: 'query', detail: 'Deve ser no máximo 100.' },
    ])
  })

  test('such as an id that is no UUID is a 422', async () => {
    const response = await send('/api/v1/workflows/1', { headers: bearer() })
    expect(await readProblem(response)).toMatchObject({
      status: 422,
      errors: [{ pointer: 'id', in: 'path', detail: 'Não é um UUID.' }],
    })
  })
})

describe('CORS', () => {
  const preflight = (origin: string) =>
    send('/api/v1/auth/me', {
      method: 'OPTIONS',
      headers: {
        Origin: origin,
        'Access-Control-Request-Method': 'PATCH',
        'Access-Control-Request-Headers': 'authorization,content-type',
      },
    })

  test('lets our own origin in, preflight and answer', async () => {
    const { status, headers } = await preflight(ORIGIN)
    expect(status).toBe(204)
    expect(headers.get('Access-Control-Allow-Origin')).toBe(ORIGIN)
    expect(headers.get('Access-Control-Allow-Methods')).toContain('PATCH')
    expect(headers.get('Access-Control-Allow-Headers')).toBe('authorization,content-type')
    const answer = await send('/nowhere', { headers: { Origin: ORIGIN } })
    expect(answer.headers.get('Access-Control-Allow-Origin')).toBe(ORIGIN)
    expect(answer.headers.get('Access-Control-Allow-Credentials')).toBe('true')
    expect(answer.headers.get('Access-Control-Expose-Headers')).toBe(
      'X-Request-Id, Retry-After, ETag, Content-Disposition, Content-Range',
    )
  })

  test.each(['https://evil.example', 'http://localhost:8000.evil.example', 'null'])(
    'tells %s nothing',
    async (origin) => {
      const { headers } = await preflight(origin)
      expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
    },
  )
})

test('an OAuth2 password form logs in, urlencoded and multipart', async () => {
  const email = `${crypto.randomUUID()}@example.com`
  await post('/api/v1/auth/register', JSON.stringify({ email, password: 'securepassword', name: 'Ana' }))
  const fields = {
    grant_type: 'password',
    username: email,
    password: 'securepassword',
    scope: '',
    client_id: '',
    client_secret: '',
  }
  const multipart = new FormData()
  for (const [name, value] of Object.entries(fields)) multipart.set(name, value)
  for (const body of [new URLSearchParams(fields), multipart]) {
    const response = await send('/api/v1/auth/login', { method: 'POST', body })
    expect(await response.json()).toMatchObject({ token_type: 'bearer' })
  }
})
