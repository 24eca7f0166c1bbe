import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ConfigError } from '#config'
import { AppError } from '#core/errors'
import { DatabaseUnavailable } from '#db/errors'
import type { AppEnv } from '#http/app-env'
import { answerError, toProblem } from '#http/errors'

/** The answer to a request whose handler throws this. */
function answerTo(error: Error, locale: 'pt' | 'en' = 'pt') {
  const app = new Hono<AppEnv>()
  app.use(async (c, next) => {
    c.set('locale', locale)
    c.set('requestId', 'r-1')
    await next()
  })
  app.get('/', () => {
    throw error
  })
  app.onError(answerError)
  return app.request('/')
}

const log = vi.spyOn(console, 'error')
beforeEach(() => {
  log.mockImplementation(() => undefined)
})
afterEach(() => {
  log.mockClear()
})

describe('on the wire', () => {
  test('an expected error says what it is, in the language asked for', async () => {
    const response = await answerTo(new AppError('email_taken'), 'en')
    expect(response.status).toBe(409)
    expect(response.headers.get('Content-Type')).toBe('application/problem+json')
    expect(response.headers.get('Content-Language')).toBe('en')
    expect(await response.json()).toEqual({
      type: 'about:blank',
      title: 'Conflict',
      status: 409,
      detail: 'This e-mail address is already registered.',
      message: 'This e-mail address is already registered.',
      code: 'email_taken',
      request_id: 'r-1',
    })
    expect(log).not.toHaveBeenCalled()
  })

  test('an unexpected one says nothing; the log has it, with its causes', async () => {
    const response = await answerTo(new Error('password=hunter2', { cause: new Error('the disk') }))
    const body = await response.text()
    expect(response.status).toBe(500)
    expect(JSON.parse(body)).toMatchObject({ code: 'internal', request_id: 'r-1' })
    expect(body).not.toMatch(/hunter2|disk|stack/)
    expect(JSON.parse(String(log.mock.lastCall?.[0]))).toMatchObject({
      level: 'error',
      request_id: 'r-1',
      error: { message: 'password=hunter2', cause: { message: 'the disk' } },
    })
  })

  test.each([
    [new DatabaseUnavailable('10.0.0.1 refused'), 503, 'database_unavailable', '5'],
    [new AppError('busy', { retryAfterSeconds: 1.2 }), 503, 'busy', '2'],
    [new ConfigError(['SECRET_KEY: at least 32 characters']), 503, 'misconfigured', null],
    [new HTTPException(400, { message: 'Malformed JSON in request body' }), 400, 'malformed_json', null],
    [new AppError('upgrade_required'), 426, 'upgrade_required', null],
    [new HTTPException(418), 500, 'internal', null],
  ])('%s is a %i %s', async (error, status, code, retryAfter) => {
    const response = await answerTo(error)
    expect(response.status).toBe(status)
    expect(response.headers.get('Retry-After')).toBe(retryAfter)
    const body = await response.text()
    expect(JSON.parse(body)).toMatchObject({ status, code })
    expect(body).not.toMatch(/10\.0\.0\.1|SECRET_KEY/)
  })
})

test('problems of the input are filled in and placed', () => {
  const sentence = { pt: 'No máximo {limit}.', en: 'At most {limit}.' }
  const error = new AppError('validation_failed', {
    problems: [
      { pointer: '/nodes/0', sentence, params: { limit: 3 } },
      { pointer: 'page', in: 'query', sentence },
    ],
  })
  expect(toProblem(error, 'en', 'r-1').errors).toEqual([
    { pointer: '/nodes/0', detail: 'At most 3.' },
    { pointer: 'page', in: 'query', detail: 'At most {limit}.' },
  ])
})
