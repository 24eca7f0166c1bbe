import { describe, expect, test } from 'vitest'
import { isAllowedOrigin } from '#http/middleware/cors'

describe('isAllowedOrigin', () => {
  const config = {
    PUBLIC_URL: 'https://api.example.com/base',
    CORS_ORIGINS: ['https://app.example.com', 'http://localhost:3000/', '*', 'null', 'app.example.org'],
  }

  test.each(['https://api.example.com', 'https://app.example.com', 'http://localhost:3000'])('%s is', (origin) => {
    expect(isAllowedOrigin(origin, config)).toBe(true)
  })

  test.each([
    'https://app.example.com.evil.example',
    'http://app.example.com',
    'https://app.example.com:8443',
    'http://localhost:3001',
    'https://app.example.org',
    'null',
    '*',
    '',
  ])('%j is not', (origin) => {
    expect(isAllowedOrigin(origin, config)).toBe(false)
  })
})
