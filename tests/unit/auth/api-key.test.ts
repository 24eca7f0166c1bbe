import { describe, expect, it } from 'vitest'
import { createApiKey, hashApiKey, isMarkedAsKey } from '#auth/api-key'

describe('an API key', () => {
  it('has 256 random bits behind its mark, always in the same length', () => {
    const keys = Array.from({ length: 500 }, () => createApiKey().key)
    expect(new Set(keys).size).toBe(keys.length)
    for (const key of keys) expect(key).toMatch(/^sk_[0-9A-Za-z]{49}$/)
  })

  it('is looked up by a hash that tells nothing of it', () => {
    const { key, prefix, hash } = createApiKey()
    expect(hashApiKey(key)).toBe(hash)
    expect(hash).toMatch(/^[0-9a-f]{64}$/)
    expect(key.startsWith(prefix)).toBe(true)
    expect(prefix).toHaveLength(9)
  })

  it('that was mistyped is told without the database', () => {
    const { key } = createApiKey()
    const swapped = key.slice(0, 10) + (key.at(10) === 'a' ? 'b' : 'a') + key.slice(11)
    for (const bad of [swapped, key.slice(0, -1), `${key}a`, key.toLowerCase() + 'A', 'sk_', `sk_${'0'.repeat(49)}`])
      expect(hashApiKey(bad), bad).toBeUndefined()
  })

  it('is told from a token by its mark', () => {
    expect(isMarkedAsKey(createApiKey().key)).toBe(true)
    expect(isMarkedAsKey('eyJhbGciOiJIUzI1NiJ9.e30.x')).toBe(false)
  })
})
