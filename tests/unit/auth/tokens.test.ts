import { createHmac } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader, SignJWT, UnsecuredJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { accessTokenSeconds, signAccessToken, verifyAccessToken } from '#auth/access-token'
import { createRefreshToken, hashRefreshToken } from '#auth/refresh-token'
import { signTicket, verifyTicket } from '#auth/tickets'
import { Config } from '#config'
import { newId } from '#lib/ids'

const KEY = 'only-for-tests-only-for-tests-only'
const config = {
  JWT_SECRET_KEY: [KEY],
  JWT_ACCESS_TOKEN_EXPIRE_MINUTES: 30,
  JWT_REFRESH_TOKEN_EXPIRE_DAYS: 7,
}
const secret = new TextEncoder().encode(KEY)
const NOW = Date.UTC(2026, 0, 1)
const MINUTE_MS = 60_000
const session = { userId: newId(), sessionId: newId() }
const object = { ...session, workspaceId: newId(), isApiKey: false, resource: 'execution' as const, id: newId() }

describe('access tokens', () => {
  it('end at their time, and with their key, also when they were good a moment ago', async () => {
    const token = await signAccessToken(config, session, NOW)
    const end = NOW + 30 * MINUTE_MS
    expect(await verifyAccessToken(config, token, NOW)).toBeDefined()
    expect(await verifyAccessToken(config, token, end - 1_000)).toBeDefined()
    expect(await verifyAccessToken(config, token, end)).toBeUndefined()
    expect(await verifyAccessToken({ ...config, JWT_SECRET_KEY: ['k'.repeat(32)] }, token, NOW)).toBeUndefined()
    expect(await verifyAccessToken(config, `${token.slice(0, -2)}xx`, NOW)).toBeUndefined()
  })

  it('say who, which session and until when', async () => {
    const token = await signAccessToken(config, session, NOW)
    expect(await verifyAccessToken(config, token, NOW)).toEqual({ ...session, expiresAt: NOW + 30 * MINUTE_MS })
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'HS256', typ: 'at+jwt', kid: expect.any(String) })
    expect(decodeJwt(token)).toMatchObject({ iss: 'synapscale', aud: 'synapscale:api', iat: NOW / 1000 })
    expect(accessTokenSeconds(config)).toBe(1800)
  })

  it('end when they say', async () => {
    const token = await signAccessToken(config, session, NOW)
    expect(await verifyAccessToken(config, token, NOW + 30 * MINUTE_MS - 1000)).toBeDefined()
    expect(await verifyAccessToken(config, token, NOW + 30 * MINUTE_MS)).toBeUndefined()
  })

  it('are refused when another key signed them', async () => {
    const other = { ...config, JWT_SECRET_KEY: ['another-secret-another-secret-another'] }
    const token = await signAccessToken(other, session, NOW)
    expect(await verifyAccessToken(config, token, NOW)).toBeUndefined()
    const [, payload, signature] = token.split('.')
    const [header] = (await signAccessToken(config, session, NOW)).split('.')
    expect(await verifyAccessToken(config, [header, payload, signature].join('.'), NOW)).toBeUndefined()
  })

  it('are refused when a claim was changed', async () => {
    const [header, , signature] = (await signAccessToken(config, session, NOW)).split('.')
    const claims = decodeJwt(await signAccessToken(config, session, NOW))
    const forged = Buffer.from(JSON.stringify({ ...claims, sub: newId() })).toString('base64url')
    expect(await verifyAccessToken(config, [header, forged, signature].join('.'), NOW)).toBeUndefined()
  })

  it('are refused with alg none, in every spelling', async () => {
    const claims = decodeJwt(await signAccessToken(config, session, NOW))
    expect(await verifyAccessToken(config, new UnsecuredJWT(claims).encode(), NOW)).toBeUndefined()
    const { kid } = decodeProtectedHeader(await signAccessToken(config, session, NOW))
    for (const alg of ['none', 'None', 'NONE', '']) {
      const parts = [{ alg, typ: 'at+jwt', kid }, claims].map((part) =>
        Buffer.from(JSON.stringify(part)).toString('base64url'),
      )
      expect(await verifyAccessToken(config, `${parts.join('.')}.`, NOW)).toBeUndefined()
    }
  })

  it('are refused with the right key and anything else wrong', async () => {
    const right = await signAccessToken(config, session, NOW)
    const header = { alg: 'HS256', typ: 'at+jwt', kid: decodeProtectedHeader(right).kid ?? '' }
    const claims = decodeJwt(right)
    const sign = (changed: object, head: object = {}) =>
      new SignJWT({ ...claims, ...changed }).setProtectedHeader({ ...header, ...head }).sign(secret)
    expect(await verifyAccessToken(config, await sign({}), NOW)).toBeDefined()
    const wrong = [
      sign({ iss: 'somebody' }),
      sign({ aud: 'synapscale:socket' }),
      sign({ aud: undefined }),
      sign({ sub: 'somebody' }),
      sign({ sid: undefined }),
      sign({ exp: undefined }),
      sign({}, { typ: 'JWT' }),
      sign({}, { typ: undefined }),
      sign({}, { kid: 'other' }),
      sign({}, { kid: undefined }),
      sign({}, { alg: 'HS512' }),
    ]
    for (const token of wrong) expect(await verifyAccessToken(config, await token, NOW)).toBeUndefined()
  })

  it.each(['', 'x', '..', 'a.b.c', '\0', `${'a'.repeat(10_000)}.b.c`, 'é.é.é', '{}'])('are not %j', async (text) => {
    expect(await verifyAccessToken(config, text, NOW)).toBeUndefined()
  })

  it('survive junk before a right signature', async () => {
    for (const payload of ['null', '[]', '1', '"x"', '{', '']) {
      const { kid } = decodeProtectedHeader(await signAccessToken(config, session, NOW))
      const head = Buffer.from(JSON.stringify({ alg: 'HS256', typ: 'at+jwt', kid })).toString('base64url')
      const body = Buffer.from(payload).toString('base64url')
      const signature = createHmac('sha256', KEY).update(`${head}.${body}`).digest('base64url')
      expect(await verifyAccessToken(config, `${head}.${body}.${signature}`, NOW)).toBeUndefined()
    }
  })
})

describe('keys', () => {
  const [FORMER, LATER] = ['former-key-former-key-former-key-1', 'later-key-later-key-later-key-1234']
  const before = { ...config, JWT_SECRET_KEY: [FORMER] }
  const rotated = { ...config, JWT_SECRET_KEY: [LATER, FORMER] }
  const after = { ...config, JWT_SECRET_KEY: [LATER] }

  it('rotate without logging anybody out: the first signs, all verify', async () => {
    const former = await signAccessToken(before, session, NOW)
    const later = await signAccessToken(rotated, session, NOW)
    expect(await verifyAccessToken(rotated, former, NOW)).toMatchObject(session)
    expect(await verifyAccessToken(rotated, later, NOW)).toMatchObject(session)
    expect(await verifyAccessToken(after, later, NOW)).toMatchObject(session)
    expect(await verifyAccessToken(after, former, NOW)).toBeUndefined()
    expect(await verifyAccessToken(before, later, NOW)).toBeUndefined()
  })

  it('are named by their kid, so that one does not stand in for another', async () => {
    const { kid } = decodeProtectedHeader(await signAccessToken(rotated, session, NOW))
    const forged = await new SignJWT(decodeJwt(await signAccessToken(rotated, session, NOW)))
      .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: kid ?? '' })
      .sign(new TextEncoder().encode(FORMER))
    expect(await verifyAccessToken(rotated, forged, NOW)).toBeUndefined()
  })

  it('come from one setting, each long enough', () => {
    const settings = { SECRET_KEY: 's'.repeat(32), ENCRYPTION_KEY: `v1:${'e'.repeat(43)}=` }
    const parse = (JWT_SECRET_KEY: string) => Config.safeParse({ ...settings, JWT_SECRET_KEY })
    expect(parse(`${LATER}, ${FORMER}`).data?.JWT_SECRET_KEY).toEqual([LATER, FORMER])
    for (const bad of [`${LATER},short`, ',', 'short', ' ']) expect(parse(bad).success).toBe(false)
    expect(Config.safeParse(settings).success).toBe(false)
  })
})

describe('tickets', () => {
  const end = NOW + 20 * MINUTE_MS

  it('carry what the socket needs, for a minute', async () => {
    const text = await signTicket(config, { ...object, socketEndsAt: end }, NOW)
    expect(await verifyTicket(config, text, NOW + 59_000)).toEqual({
      ...object,
      jti: expect.any(String),
      expiresAt: NOW + MINUTE_MS,
      socketEndsAt: end,
    })
    expect(await verifyTicket(config, text, NOW + MINUTE_MS)).toBeUndefined()
  })

  it('differ from each other', async () => {
    const [a, b] = [
      await signTicket(config, { ...object, socketEndsAt: end }, NOW),
      await signTicket(config, { ...object, socketEndsAt: end }, NOW),
    ]
    expect(decodeJwt(a).jti).not.toBe(decodeJwt(b).jti)
  })

  it('do not outlive the access token that asked for them', async () => {
    const text = await signTicket(config, { ...object, socketEndsAt: NOW + 5_000 }, NOW)
    expect(await verifyTicket(config, text, NOW + 4_000)).toBeDefined()
    expect(await verifyTicket(config, text, NOW + 5_000)).toBeUndefined()
  })

  it('are no access tokens, nor the reverse', async () => {
    const ticket = await signTicket(config, { ...object, socketEndsAt: end }, NOW)
    const token = await signAccessToken(config, session, NOW)
    expect(await verifyAccessToken(config, ticket, NOW)).toBeUndefined()
    expect(await verifyTicket(config, token, NOW)).toBeUndefined()
  })
})

describe('refresh tokens', () => {
  it('are 256 random bits, stored as their hash', () => {
    const { token, hash, expiresAt } = createRefreshToken(config, NOW)
    expect(token).toMatch(/^rt_[\w-]{43}$/)
    expect(hash).toMatch(/^[0-9a-f]{64}$/)
    expect(hashRefreshToken(token)).toBe(hash)
    expect(expiresAt.getTime()).toBe(NOW + 7 * 24 * 60 * MINUTE_MS)
    expect(createRefreshToken(config, NOW).token).not.toBe(token)
  })
})
