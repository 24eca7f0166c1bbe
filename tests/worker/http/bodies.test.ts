import { beforeAll, describe, expect, test } from 'vitest'
import { post, readProblem, registerUser, send } from './client.ts'

const REGISTER = '/api/v1/auth/register'
const MIB = 1024 * 1024

beforeAll(async () => {
  await send('/')
})

describe('a body', () => {
  test('that is no JSON is a 400', async () => {
    const response = await post(REGISTER, '{"email": ')
    expect(await readProblem(response)).toMatchObject({ status: 400, code: 'malformed_json' })
  })

  test('that is no UTF-8 is a 400', async () => {
    const body = new Uint8Array([0x22, 0xff, 0x22])
    const response = await send(REGISTER, { method: 'POST', body, headers: { 'Content-Type': 'application/json' } })
    expect(await readProblem(response)).toMatchObject({ status: 400, code: 'malformed_json' })
  })

  test('of another content type is a 415', async () => {
    const response = await post(REGISTER, 'x=1', { 'Content-Type': 'text/plain' })
    expect(await readProblem(response)).toMatchObject({ status: 415, detail: 'Envie o corpo como application/json.' })
  })

  test('with an unknown key is a 422 that points at it', async () => {
    const body = { email: 'a@example.com', password: 'securepassword', name: 'A', role: 'admin' }
    const response = await post(REGISTER, JSON.stringify(body), { 'Accept-Language': 'en' })
    expect(await readProblem(response)).toMatchObject({
      status: 422,
      code: 'validation_failed',
      errors: [{ pointer: '/role', detail: 'Unknown field.' }],
    })
  })

  test('that is empty counts as an empty object, whatever its content type', async () => {
    const response = await send(REGISTER, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    })
    const { status, errors } = await readProblem(response)
    expect(status).toBe(422)
    expect(errors).toContainEqual({ pointer: '/email', detail: 'Campo obrigatório.' })
  })

  test.each(['1', 'null', '[]', '"text"'])('that is %s is a 422', async (body) => {
    expect(await readProblem(await post(REGISTER, body))).toMatchObject({ status: 422, errors: [{ pointer: '' }] })
  })

  test('may nest 64 levels, and no more', async () => {
    const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)
    expect((await readProblem(await post(REGISTER, nested(64)))).code).toBe('validation_failed')
    expect(await readProblem(await post(REGISTER, nested(65)))).toMatchObject({ status: 422, code: 'json_too_deep' })
    expect((await readProblem(await post(REGISTER, nested(500_000)))).code).toBe('json_too_deep')
  })

  test.each([
    ['NUL', '{"email":"a@example.com","password":"securepassword","name":"a\\u0000b"}', '/name'],
    ['a lone surrogate', '{"name":"\\uD83D"}', '/name'],
    ['one inside', '{"tags":["ok",{"a/b":"\\udc00"}]}', '/tags/1/a~1b'],
    ['one in a key', '{"\\u0000":1}', '/\0'],
  ])('with %s is a 422 that points at it', async (_, body, pointer) => {
    expect(await readProblem(await post(REGISTER, body))).toMatchObject({ status: 422, errors: [{ pointer }] })
  })

  test('may contain emoji in either spelling', async () => {
    const name = '"\\uD83D\\uDE00 😀 \\\\u0000"'
    const response = await post(
      REGISTER,
      `{"email":"${crypto.randomUUID()}@example.com","password":"securepassword","name":${name}}`,
    )
    expect(response.status).toBe(201)
    expect(await response.json()).toMatchObject({ name: '😀 😀 \\u0000' })
  })
})

describe('a body that is too large is a 413', () => {
  test('by its declared length, unread', async () => {
    const response = await post(REGISTER, 'x'.repeat(50 * MIB))
    expect(await readProblem(response)).toMatchObject({ status: 413, code: 'body_too_large' })
  })

  test('by count, when it comes in pieces without a length: the rest is not read', async () => {
    let pulled = 0
    const body = new ReadableStream({
      type: 'bytes',
      pull(controller) {
        pulled += 1
        if (pulled > 800) controller.close()
        else controller.enqueue(new Uint8Array(64 * 1024).fill(0x20))
      },
    })
    const response = await send(REGISTER, { method: 'POST', body, headers: { 'Content-Type': 'application/json' } })
    expect(await readProblem(response)).toMatchObject({ status: 413 })
    expect(pulled).toBeLessThan(100)
  })
})

test('text in a query that PostgreSQL cannot keep is a 422, not a 500', async () => {
  const token = await registerUser()
  const headers = { Authorization: `Bearer ${token}` }
  const response = await send('/api/v1/workflows?search=%00', { headers })
  expect(await readProblem(response)).toMatchObject({ status: 422, errors: [{ in: 'query', pointer: 'search' }] })
})
