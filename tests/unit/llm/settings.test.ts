import { expect, test } from 'vitest'
import { ConfigError, readConfig } from '#config'
import { listProviders } from '#llm/providers'

const SECRETS = {
  SECRET_KEY: 's'.repeat(32),
  JWT_SECRET_KEY: 'j'.repeat(32),
  ENCRYPTION_KEY: `v1:${'A'.repeat(43)}=`,
}

const read = (settings: object) => readConfig({ ...SECRETS, ...settings })

test('providers come with their address, or with an id whose address is known', () => {
  const lines = [
    { id: 'groq', api_key: 'gsk' },
    { id: 'my-cloud', base_url: 'https://models.example.com/v1' },
    { id: 'proxy', base_url: 'https://proxy.example.com', wire: 'anthropic' },
    { id: 'openai', base_url: 'https://gateway.example.com/v1' },
  ]
  const providers = listProviders(read({ LLM_PROVIDERS: JSON.stringify(lines), OPENAI_API_KEY: 'sk-real' }))
  expect(providers.get('groq')).toMatchObject({ baseUrl: 'https://api.groq.com/openai/v1', needsKey: true })
  expect(providers.get('my-cloud')).toMatchObject({ wire: 'compatible', keyName: 'MY_CLOUD_API_KEY', needsKey: false })
  expect(providers.get('proxy')).toMatchObject({ wire: 'anthropic' })
  // The key of the one does not go to another address.
  expect(providers.get('openai')).toMatchObject({ wire: 'openai', apiKey: undefined })
})

test.each([
  ['LLM_PROVIDERS', '{'],
  ['LLM_PROVIDERS', '[{"id":"nobody"}]'],
  ['LLM_PROVIDERS', '[{"id":"x","base_url":"ftp://x"}]'],
  ['LLM_PROVIDERS', '[{"id":"x","base_url":"https://x","wire":"telex"}]'],
  ['LLM_MODELS', '[{"id":"no-provider"}]'],
  ['LLM_MODELS', '[{"id":"a/b","prices":{"input":-1,"output":1}}]'],
  ['LLM_MODELS', '[{"id":"a/b","price":1}]'],
  ['LLM_STALL_SECONDS', '0'],
])('%s=%s is told at the start, by name', (name, text) => {
  expect(() => read({ [name]: text })).toThrow(ConfigError)
  expect(() => read({ [name]: text })).toThrow(name)
})
