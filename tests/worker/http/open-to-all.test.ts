import { beforeAll, describe, expect, test } from 'vitest'
import { send } from './client.ts'

beforeAll(async () => {
  await send('/')
})

test('/ introduces the service as older clients know it', async () => {
  const response = await send('/')
  expect(response.status).toBe(200)
  expect(await response.json()).toMatchObject({
    message: '🚀 SynapScale Backend API',
    version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    status: 'running',
    documentation: { swagger: '/docs', redoc: '/redoc', openapi: '/openapi.json' },
  })
})

describe('/health', () => {
  test('finds every part', async () => {
    const response = await send('/health')
    expect(await response.json()).toMatchObject({
      status: 'healthy',
      service: 'synapscale-backend',
      components: {
        database: { status: 'healthy' },
        storage: { status: 'healthy' },
        actors: { status: 'healthy' },
      },
    })
    expect(response.status).toBe(200)
  })

  test('probes at most once a second, however many ask at once', async () => {
    const responses = await Promise.all(Array.from({ length: 50 }, () => send('/health')))
    const bodies = await Promise.all(responses.map((response) => response.json<{ checked_at: string }>()))
    expect(new Set(bodies.map((body) => body.checked_at)).size).toBeLessThanOrEqual(2)
  })
})

describe('the pages', () => {
  test.each(['/docs', '/redoc'])('%s runs its own two scripts and nothing else', async (path) => {
    const response = await send(path)
    const html = await response.text()
    const nonce = /script-src 'nonce-([\w-]+)'/.exec(response.headers.get('Content-Security-Policy') ?? '')?.[1]
    expect(response.headers.get('Content-Type')).toMatch(/^text\/html/)
    expect(html.match(/<script/g)).toHaveLength(2)
    expect(html.split(`<script nonce="${nonce}"`)).toHaveLength(3)
    expect(html).not.toMatch(/https?:\/\//)
  })

  test('speak the language of the reader', async () => {
    const titleIn = async (language: string) =>
      /<title>(.+)<\/title>/.exec(await (await send('/docs', { headers: { 'Accept-Language': language } })).text())?.[1]
    expect(await titleIn('pt-BR')).toBe('SynapScale: experimente a API')
    expect(await titleIn('en-US')).toBe('SynapScale: try the API')
  })
})
