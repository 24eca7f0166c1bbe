import { expect, test } from 'vitest'
import { MASK, maskNode, unmaskNode } from '#core/workflow-file/mask'
import type { JsonObject } from '#lib/json'

const node = (config: JsonObject) => ({ id: 'a', type: 'x', config })
const masked = (config: JsonObject) => maskNode(node(config)).config

test.each<JsonObject>([
  { Authorization: 'x' },
  { headers: { cookie: 'a=b' } },
  { 'X-Api-Key': 'x' },
  { accessToken: 'x' },
  { client_secret: 'x' },
  { password: ' ' },
  { list: [{ token: 'x' }] },
  { anything: 'sk-abcdefgh12345678' },
  { anything: 'ghp_abcdefgh12345678' },
  { anything: 'Bearer abcdefghij' },
  { anything: '-----BEGIN PRIVATE KEY-----\nabc' },
  { url: 'https://ana:segredo@api.example/' },
  { url: 'https://api.example/x?api_key=abc&y=1' },
  { auth: { type: 'header', name: 'X-Mine', value: 'x' } },
])('%j leaves masked', (config) => {
  expect(JSON.stringify(masked(config))).toContain(MASK)
})

test.each<JsonObject>([
  { Authorization: 'Bearer {{ $secrets.KEY }}' },
  { Authorization: '' },
  { max_tokens: 5 },
  { tokens: 'x', tokenizer: 'y', secretary: 'z', keyboard: 'w' },
  { token: null, password: true },
  { text: 'Bearer of good news', url: 'https://api.example/x?page=2', email: 'ana@example.com' },
  { url: 'https://api.example/x?token={{ $secrets.T }}' },
  { type: 'basic', value: 'x' },
])('%j stays as it is', (config) => {
  expect(masked(config)).toEqual(config)
})

test('a mask stands for what was there, and is missed where nothing was', () => {
  const now = node({ auth: { token: MASK }, list: ['b', { password: MASK }], url: 'new' })
  const former = node({ auth: { token: 't' }, list: ['a', { password: 5 }], url: 'old' })
  const { node: filled, missing } = unmaskNode(now, former)
  expect(filled.config).toEqual({ auth: { token: 't' }, list: ['b', { password: MASK }], url: 'new' })
  expect(missing).toEqual(['/config/list/1/password'])
  expect(unmaskNode(now, undefined).missing).toHaveLength(2)
})
