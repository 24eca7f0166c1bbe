/** A secret that is bound to hosts, in the hands of an agent: it leaves for these alone. */
import { beforeAll, expect, inject, it } from 'vitest'
import { newId } from '#lib/ids'
import { HTTP_URL, requestsOf } from '#tests/worker/support/api'
import { createOwner, type Owner, refusal } from './support.ts'

let ana: Owner
const secret = `s3cret-${newId()}`
const headers = { authorization: 'Bearer {{ $secrets.BOUND }}' }

beforeAll(async () => {
  ana = await createOwner()
  await ana.post('/variables', { key: 'BOUND', value: secret, secret: true, hosts: ['api.example.com'] })
  await ana.post('/variables', { key: 'NEAR', value: secret, secret: true, hosts: ['127.0.0.1'] })
})

it('an HTTP tool does not send it elsewhere', async () => {
  const key = newId()
  const fixed = { type: 'http_request', config: { url: `${HTTP_URL}/echo/${key}`, headers } }
  expect(await ana.outputsOf(fixed, 'http_request', {})).toMatchObject([{ code: 'outbound_secret_host' }])
  // With an address of the model's choice it could not be fixed at all.
  const chosen = ana.create({ tools: [{ type: 'http_request', config: { headers } }] })
  await expect(chosen).rejects.toThrow('422')
  expect(await requestsOf(key)).toEqual([])
})

it('an HTTP tool sends it to its host', async () => {
  const key = newId()
  const near = { authorization: 'Bearer {{ $secrets.NEAR }}' }
  const tool = { type: 'http_request', config: { url: `${HTTP_URL}/echo/${key}`, headers: near } }
  expect(await ana.outputsOf(tool, 'http_request', {})).toMatchObject([{ status: 200 }])
  expect(await requestsOf(key)).toMatchObject([{ headers: { authorization: `Bearer ${secret}` } }])
})

it('an MCP server elsewhere is not even greeted', async () => {
  const tool = { type: 'mcp', config: { url: `${inject('mcpUrl')}/honest/${newId()}`, headers } }
  const { id } = await ana.create({ tools: [tool] })
  const { params } = await refusal(ana.turn(id))
  expect(JSON.stringify(params)).toMatch(/BOUND/)
  expect(JSON.stringify(params)).not.toContain(secret)
})
