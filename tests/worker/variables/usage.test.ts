/** Where a variable is used, and `.env` files in and out. */
import { beforeEach, describe, expect, it } from 'vitest'
import { VariableUsage } from '#core/variable/usage'
import { type Caller, createPerson, createTeam } from '#tests/worker/security/people'
import { made } from '#tests/worker/security/fixtures/fixture'
import { chain, setNode, trigger } from '#tests/worker/support/graphs'

let ana: Caller
beforeEach(async () => {
  const team = await createTeam()
  ana = team.members.owner
})

const define = (key: string, more: object = {}) => made(ana, '/api/v1/variables', { key, value: 'um valor', ...more })

async function usageOf({ id }: { id: string }, by = ana): Promise<VariableUsage> {
  return VariableUsage.parse(JSON.parse((await by.call(`/api/v1/variables/${id}/usage`)).text))
}

const workflow = (name: string, ...fields: object[]) =>
  made(ana, '/api/v1/workflows', {
    name,
    definition: chain([
      trigger,
      ...fields.map((one, index) => setNode(`n${index}`, { ...one })),
      {
        id: 'call',
        type: 'http.request',
        config: { url: 'https://example.com', headers: { a: '{{ $secrets.TOKEN }}' } },
      },
    ]),
  })

describe('where a variable is used', () => {
  it('names drafts, published versions and agents, with the parts of each', async () => {
    const [region, token, unused] = [
      await define('REGION'),
      await define('TOKEN', { secret: true }),
      await define('UNUSED'),
    ]
    const { id } = await workflow('Vendas', { a: '{{ $vars.REGION }}' }, { b: '{{ $vars["REGION"] }}' }, { c: '$vars' })
    await workflow('Outro', { a: '{{ $vars.REGIONAL }}' })
    await ana.call(`/api/v1/workflows/${id}/publish`, { method: 'POST', body: {} })
    const agent = await made(ana, '/api/v1/agents', {
      name: 'Bia',
      instructions: 'Em {{ $vars.REGION }}',
      tools: [
        { type: 'current_time', config: {} },
        { type: 'http_request', config: { url: 'https://example.com', headers: { a: '{{ $secrets.TOKEN }}' } } },
      ],
    })
    const usage = await usageOf(region)
    expect(usage).toMatchObject({ key: 'REGION', provider: null, truncated: false })
    expect(usage.items).toEqual([
      { type: 'workflow', id, name: 'Vendas', version: 1, state: 'draft', parts: ['n0', 'n1', 'n2'], certain: true },
      {
        type: 'workflow',
        id,
        name: 'Vendas',
        version: 1,
        state: 'published',
        parts: ['n0', 'n1', 'n2'],
        certain: true,
      },
      {
        type: 'agent',
        id: agent.id,
        name: 'Bia',
        version: 1,
        state: 'current',
        parts: ['instructions'],
        certain: true,
      },
    ])
    const secret = await usageOf(token)
    expect(secret.items.map(({ name, state, parts }) => [name, state, ...parts])).toEqual([
      ['Outro', 'draft', 'call'],
      ['Vendas', 'draft', 'call'],
      ['Vendas', 'published', 'call'],
      ['Bia', 'current', 'tools/1'],
    ])
    // `$vars` alone may mean any.
    expect((await usageOf(unused)).items).toMatchObject([
      { name: 'Vendas', state: 'draft', parts: ['n2'], certain: false },
      { name: 'Vendas', state: 'published', parts: ['n2'], certain: false },
    ])
  })

  it('says whose key a secret is', async () => {
    expect(await usageOf(await define('OPENAI_API_KEY', { secret: true }))).toMatchObject({
      provider: 'openai',
      items: [],
    })
    expect(await usageOf(await define('ANTHROPIC_API_KEY'))).toMatchObject({ provider: null })
  })

  it('tells a stranger nothing, and of another workspace nothing', async () => {
    const region = await define('REGION')
    const eva = await createPerson()
    await made(eva, '/api/v1/agents', { name: 'Alheio', instructions: '{{ $vars.REGION }}' })
    expect((await eva.call(`/api/v1/variables/${region.id}/usage`)).status).toBe(404)
    expect((await usageOf(region)).items).toEqual([])
  })

  it('tells a key only what it may read', async () => {
    const region = await define('REGION')
    await workflow('Vendas', { a: '{{ $vars.REGION }}' })
    const answer = await ana.call('/api/v1/api-keys', {
      method: 'POST',
      body: { name: 'k', scopes: ['variables:read'] },
    })
    const { key } = JSON.parse(answer.text) as { key: string }
    const told = await ana.call(`/api/v1/variables/${region.id}/usage`, { token: key })
    expect(VariableUsage.parse(JSON.parse(told.text)).items).toEqual([])
  })
})

describe('a .env file', () => {
  it('comes in and goes out, without its secrets', async () => {
    const content = 'REGION=eu\nTOKEN="sk-geheim-1234"\n# Kommentar\n1BAD=x\nN=1\n'
    const imported = await ana.call('/api/v1/variables/import', { method: 'POST', body: { content, secret: false } })
    expect(JSON.parse(imported.text)).toMatchObject({
      created: ['REGION', 'TOKEN', 'N'],
      total: 4,
      errors: [{ key: '1BAD' }],
    })
    await ana.call('/api/v1/variables/import', { method: 'POST', body: { content: 'KEY=sk-geheim-5678\nKEY2=x' } })
    const exported = await ana.call('/api/v1/variables/export')
    expect(exported.text).toBe(
      'KEY=********\nKEY2=x\nN=1\nREGION=eu\nTOKEN=sk-geheim-1234\n'.replace('********', '"********"'),
    )
    const again = { content: exported.text.replace('=eu', '=us'), overwrite: true }
    const back = await ana.call('/api/v1/variables/import', { method: 'POST', body: again })
    expect(JSON.parse(back.text)).toMatchObject({
      created: [],
      skipped: ['KEY'],
      updated: ['KEY2', 'N', 'REGION', 'TOKEN'],
    })
    const junk = await ana.call('/api/v1/variables/import', { method: 'POST', body: { content: 'A=1\n'.repeat(201) } })
    expect(junk.status).toBe(422)
  })
})
