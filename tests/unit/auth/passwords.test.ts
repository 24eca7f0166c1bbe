import { describe, expect, it } from 'vitest'
import { hashPassword, needsRehash, verifyPassword } from '#auth/passwords'
import { AppError } from '#core/errors'

const WEAK = '$scrypt$ln=10,r=8,p=1$AQEBAQEBAQEBAQEBAQEBAQ$'

describe('passwords', () => {
  it('stores parameters, 16 bytes of salt and 32 of hash', async () => {
    const stored = await hashPassword('securepassword')
    expect(stored).toMatch(/^\$scrypt\$ln=15,r=8,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
    expect(await hashPassword('securepassword')).not.toBe(stored)
  })

  it('knows the right password from a wrong one', async () => {
    const stored = await hashPassword('securepassword')
    expect(await verifyPassword('securepassword', stored)).toBe(true)
    expect(await verifyPassword('securepasswore', stored)).toBe(false)
    expect(await verifyPassword('securepassword ', stored)).toBe(false)
  })

  it('reads the same password from every keyboard: NFKC', async () => {
    const stored = await hashPassword('Senha ação ﬁm')
    expect(await verifyPassword('Senha ação fim'.normalize('NFD'), stored)).toBe(true)
  })

  it('verifies a known vector (RFC 7914, 12, with its parameters)', async () => {
    const salt = Buffer.from('SodiumChloride').toString('base64').replaceAll('=', '')
    const hash = Buffer.from(
      '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2' +
        'd5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887',
      'hex',
    )
    const stored = `$scrypt$ln=14,r=8,p=1$${salt}$${hash.toString('base64').replaceAll('=', '')}`
    expect(await verifyPassword('pleaseletmein', stored)).toBe(true)
    expect(needsRehash(stored)).toBe(true)
  })

  it.each([undefined, '', 'no hash', WEAK, `${WEAK}x`, '$2b$12$abcdefghijklmnopqrstuv', '$scrypt$ln=99,r=8,p=1$$'])(
    'finds nobody behind %s',
    async (stored) => {
      expect(await verifyPassword('securepassword', stored)).toBe(false)
    },
  )

  // Made by libxcrypt's crypt(3).
  it.each([
    ['securepassword', '$2a$06$abcdefghijklmnopqrstuueCp5nbvZBnA28mCEeNoxip7M8XDUmbO'],
    ['securepassword', '$2y$06$abcdefghijklmnopqrstuueCp5nbvZBnA28mCEeNoxip7M8XDUmbO'],
    ['securepassword', '$2b$12$abcdefghijklmnopqrstuusAuol9gqfrRL8IZpki0Qga.hJBVmkWq'],
    ['Senha ação', '$2b$06$abcdefghijklmnopqrstuuKpuIZUcgU./u61T.7QwJGguMVwS.BCW'],
    // bcrypt reads 72 bytes; the former backend did not mind.
    ['x'.repeat(80), '$2b$06$abcdefghijklmnopqrstuueHLWckpI7Ut91D6aWthlKy4VKsT9yUG'],
  ])('verifies %s under %s of the former backend, to be made anew', async (password, stored) => {
    expect(await verifyPassword(password, stored)).toBe(true)
    expect(await verifyPassword(`!${password}`, stored)).toBe(false)
    expect(needsRehash(stored)).toBe(true)
  })

  it.each(['$2x$06$', '$2b$31$', '$2b$03$', '$2b$6$', '$2$06$'])('does not take on %s', async (head) => {
    const stored = `${head}abcdefghijklmnopqrstuueCp5nbvZBnA28mCEeNoxip7M8XDUmbO`
    expect(await verifyPassword('securepassword', stored)).toBe(false)
  })

  it('lets bcrypt queue up with the others', async () => {
    const stored = '$2a$06$abcdefghijklmnopqrstuueCp5nbvZBnA28mCEeNoxip7M8XDUmbO'
    const outcomes = await Promise.allSettled(
      Array.from({ length: 14 }, () => verifyPassword('securepassword', stored)),
    )
    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(5)
  })

  it('asks for a new hash when parameters change', async () => {
    const stored = await hashPassword('securepassword')
    expect(needsRehash(stored)).toBe(false)
    expect(needsRehash(stored.replace('ln=15', 'ln=14'))).toBe(true)
    expect(needsRehash('$2b$12$abcdefghijklmnopqrstuv')).toBe(true)
  })

  it('refuses the flood beyond a short queue, and recovers', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 14 }, () => hashPassword('securepassword')))
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected').map(({ reason }) => reason as unknown)
    expect(refused).toHaveLength(5)
    for (const reason of refused) expect(reason).toMatchObject({ code: 'busy', retryAfterSeconds: 1 })
    expect(refused[0]).toBeInstanceOf(AppError)
    await expect(hashPassword('securepassword')).resolves.toMatch(/^\$scrypt/)
  })
})
