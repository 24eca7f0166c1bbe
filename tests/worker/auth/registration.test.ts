import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { app } from '#http/app'
import { useOwnSchema } from '#tests/worker/support/own-schema'
import { call } from './api.ts'
import { createAccount, newEmail, PASSWORD } from '#tests/worker/support/accounts'

const empty = useOwnSchema('registration')
const Answer = z.looseObject({
  code: z.string().optional(),
  role: z.string().optional(),
  detail: z.string().optional(),
})

beforeAll(async () => {
  await call('/auth/me')
  await createAccount()
})

/** Registers somebody with these settings. */
async function register(settings: Readonly<Record<string, string>>) {
  const context = createExecutionContext()
  const request = new Request('http://synapscale.test/api/v1/auth/register', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Accept-Language': 'en' },
    body: JSON.stringify({ email: newEmail(), password: PASSWORD, name: 'Ana' }),
  })
  const response = await app.fetch(request, { ...env, ...settings }, context)
  const { code, role, detail } = Answer.parse(await response.json())
  await waitOnExecutionContext(context)
  return { status: response.status, code, role, detail }
}

describe.each([
  ['closed', 'registration_closed', 'Registration is closed on this installation.'],
  ['invite', 'registration_by_invitation', 'Registration on this installation is by invitation only.'],
])('REGISTRATION=%s', (REGISTRATION, code, detail) => {
  it('lets the first account register, as the administrator, and nobody after it', async () => {
    const settings = { REGISTRATION, DATABASE_SCHEMA: empty.name }
    expect(await register(settings)).toMatchObject({ status: 201, role: 'admin' })
    expect(await register(settings)).toMatchObject({ status: 403, code, detail })
  })

  it('lets one of several first ones register', async () => {
    const settings = { REGISTRATION, DATABASE_SCHEMA: empty.name }
    const answers = await Promise.all([1, 2, 3, 4].map(() => register(settings)))
    expect(answers.filter(({ status }) => status === 201)).toMatchObject([{ role: 'admin' }])
    expect(answers.filter((answer) => answer.code === code)).toHaveLength(3)
  })
})

it('REGISTRATION=open lets everybody register, the first as the administrator', async () => {
  const settings = { REGISTRATION: 'open', DATABASE_SCHEMA: empty.name }
  expect(await register(settings)).toMatchObject({ status: 201, role: 'admin' })
  expect(await register(settings)).toMatchObject({ status: 201, role: 'user' })
})

it('an unknown REGISTRATION is a setting that cannot be used', async () => {
  expect(await register({ REGISTRATION: 'maybe', DATABASE_SCHEMA: empty.name })).toMatchObject({
    code: 'misconfigured',
  })
})
