import { describe, expect, test } from 'vitest'
import { createSecretBox, encryptionKeyId, SecretUnreadable, versionOf } from '#auth/secret-box'
import { Config } from '#config'

const first = { version: 'v1', base64: Buffer.alloc(32, 1).toString('base64') }
const second = { version: 'v2', base64: Buffer.alloc(32, 2).toString('base64url') }
const place = { workspaceId: 'w', variableId: 'x' }
const PLAIN = 'não conte a ninguém 🤫'

describe('a sealed text', () => {
  test('opens where it belongs, and is never the same twice', async () => {
    const box = createSecretBox([first])
    const sealed = [await box.seal(PLAIN, place), await box.seal(PLAIN, place)]
    expect(sealed[0]).not.toBe(sealed[1])
    expect(sealed.join()).not.toContain('conte')
    expect(await Promise.all(sealed.map((text) => box.open(text, place)))).toEqual([PLAIN, PLAIN])
  })

  test.each([
    ['another workspace', { ...place, workspaceId: 'other' }],
    ['another variable', { ...place, variableId: 'other' }],
    ['a shift between the two', { workspaceId: 'w","x', variableId: '' }],
  ])('does not open in %s', async (_, elsewhere) => {
    const box = createSecretBox([first])
    const sealed = await box.seal(PLAIN, place)
    await expect(box.open(sealed, elsewhere)).rejects.toThrow(SecretUnreadable)
  })

  test.each([
    ['its ciphertext', (text: string) => `${text.slice(0, -8)}AAAAAAAA`],
    ['its nonce', (text: string) => text.replace(/\.[\w-]{16}\./, `.${'A'.repeat(16)}.`)],
    ['its version', (text: string) => text.replace('v1.', 'v2.')],
    ['everything', () => PLAIN],
    ['nothing at all', () => ''],
  ])('does not open when %s was changed, and the error tells neither side', async (_, change) => {
    const box = createSecretBox([first, second])
    const sealed = change(await box.seal(PLAIN, place))
    const failure = await box.open(sealed, place).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(SecretUnreadable)
    const told =
      String(failure) + JSON.stringify(failure, Object.getOwnPropertyNames(failure)).replace(/"stack":.*/, '')
    expect(told).not.toContain('conte')
    expect(told).not.toContain(first.base64)
  })
})

describe('several keys', () => {
  test('the first seals, all open', async () => {
    const former = await createSecretBox([first]).seal(PLAIN, place)
    const both = createSecretBox([second, first])
    expect(versionOf(await both.seal(PLAIN, place))).toBe('v2')
    expect(await both.open(former, place)).toBe(PLAIN)
    await expect(createSecretBox([second]).open(former, place)).rejects.toThrow(/no key v1/)
  })

  test('are named without telling anything of them', () => {
    const ids = [first, second].map(encryptionKeyId)
    expect(ids).toEqual([expect.stringMatching(/^v1-[\w-]{8}$/), expect.stringMatching(/^v2-[\w-]{8}$/)])
    expect(encryptionKeyId({ version: 'v2', base64: Buffer.alloc(32, 2).toString('base64') })).toBe(ids[1])
  })
})

describe('ENCRYPTION_KEY', () => {
  const parse = (text: string | undefined) =>
    Config.safeParse({ SECRET_KEY: 's'.repeat(32), JWT_SECRET_KEY: 'j'.repeat(32), ENCRYPTION_KEY: text })

  test('holds one or several keys', () => {
    const text = `v2:${second.base64}, v1:${first.base64}`
    expect(parse(text).data?.ENCRYPTION_KEY).toEqual([second, first])
  })

  test.each([
    ['is absent', undefined],
    ['has no version', first.base64],
    ['is too short', 'v1:c2hvcnQ='],
    ['names a version twice', `v1:${first.base64},v1:${second.base64}`],
    ['has a bad second one', `v1:${first.base64},v2:hunter2`],
  ])('is refused when it %s, without its text', (_, text) => {
    const { error } = parse(text)
    expect(error?.issues[0]?.path[0]).toBe('ENCRYPTION_KEY')
    expect(JSON.stringify(error)).not.toMatch(/hunter2|AQEBAQEB|c2hvcnQ/)
  })
})
