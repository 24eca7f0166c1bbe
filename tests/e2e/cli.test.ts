/** `synapscale pull | push | validate` as people and CI call it, against the real server. */
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Client, createClient } from '#tests/e2e/support/client'
import { startServer, type TestServer } from '#tests/support/server'
import { chain, graph, httpNode, setNode, trigger } from '#tests/worker/support/graphs'

const ROOT = join(import.meta.dirname, '../..')
const LAUNCHER = join(ROOT, 'cli/synapscale.mjs')
const BUNDLE = join(ROOT, 'dist/cli/synapscale.mjs')

let server: TestServer
let ana: Client
let folder: string

interface Outcome {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

function run(args: readonly string[], env: Record<string, string> = {}, script = LAUNCHER): Promise<Outcome> {
  const child = spawn(process.execPath, [script, ...args], {
    cwd: folder,
    env: {
      PATH: process.env['PATH'],
      LANG: 'en_US.UTF-8',
      SYNAPSCALE_URL: server.url,
      SYNAPSCALE_API_KEY: ana.token,
      ...env,
    },
  })
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  return new Promise((done) => child.on('close', (code) => done({ code, out, err })))
}

const git = (...args: readonly string[]): string =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
const read = (name: string): string => readFileSync(join(folder, 'workflows', name), 'utf8')
const edit = (name: string, from: string, to: string): void =>
  writeFileSync(join(folder, 'workflows', name), read(name).replace(from, to))

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'synapscale-cli-'))
  server = await startServer()
  ana = await createClient(server.url)
  const create = (name: string, definition: object) => ana.call('/workflows', { name, definition })
  await create('Pedidos', graph([trigger, httpNode('fetch', 'https://a.example/')], ['start -> fetch']))
  await create('Resumo', chain([trigger, setNode('end', { text: 'Olá\nmundo' })]))
})

afterAll(async () => {
  await server.remove()
  rmSync(folder, { recursive: true, force: true })
})

test('pull of a workspace without workflows says that there are none', async () => {
  const bia = await createClient(server.url)
  const empty = await run(['pull', 'empty'], { SYNAPSCALE_API_KEY: bia.token })
  expect(empty).toEqual({ code: 0, out: 'The workspace has no workflows.\n', err: '' })
})

describe('the way of a change through git', { timeout: 120_000 }, () => {
  test('pull writes one file a workflow, and again the same', async () => {
    const first = await run(['pull'])
    expect(first).toEqual({
      code: 0,
      out: 'new        workflows/pedidos.yaml\nnew        workflows/resumo.yaml\n',
      err: '',
    })
    expect(readdirSync(join(folder, 'workflows'))).toEqual(['pedidos.yaml', 'resumo.yaml'])
    expect(read('resumo.yaml')).toContain('text: |-\n          Olá\n          mundo\n')
    expect((await run(['pull'])).out).toBe('unchanged  workflows/pedidos.yaml\nunchanged  workflows/resumo.yaml\n')
    expect(await run(['validate'])).toMatchObject({ code: 0, out: '2 workflow(s) without problems.\n' })
  })

  test('push says what changes, changes it, and then has nothing to do', async () => {
    edit('pedidos.yaml', 'https://a.example/', 'https://b.example/')
    expect(await run(['push', '--dry-run'])).toEqual({
      code: 0,
      out: 'updated    pedidos  definition +0 −0 ~1\nunchanged  resumo\nA dry run: nothing has changed.\n',
      err: '',
    })
    expect(await run(['push'])).toMatchObject({
      code: 0,
      out: 'updated    pedidos  definition +0 −0 ~1\nunchanged  resumo\n',
    })
    expect((await run(['push'])).out).toBe('unchanged  pedidos\nunchanged  resumo\n')
    const list = await ana.call('/workflows?search=Pedidos')
    expect(list.body).toMatchObject({ items: [{ version: 2, status: 'draft' }] })
  })

  test('push --publish publishes once, with notes', async () => {
    const notes = ['--publish', '--notes', 'commit 1234']
    expect((await run(['push', '--publish', '--dry-run'])).out).toContain('would publish  pedidos  version 2')
    expect(await run(['push', ...notes])).toMatchObject({
      code: 0,
      out: 'unchanged  pedidos\nunchanged  resumo\npublished  pedidos  version 2\npublished  resumo  version 1\n',
    })
    expect((await run(['push', ...notes])).out).toBe('unchanged  pedidos\nunchanged  resumo\n')
    const [{ id }] = ((await ana.call('/workflows?search=Pedidos')).body as { items: [{ id: string }] }).items
    expect((await ana.call(`/workflows/${id}/versions?published=true`)).body).toMatchObject({
      items: [{ version: 2, notes: 'commit 1234', is_published: true }],
    })
  })

  test('pull overwrites what git has, and nothing else', async () => {
    edit('pedidos.yaml', 'https://b.example/', 'https://mine.example/')
    const refused = await run(['pull'])
    expect(refused).toMatchObject({ code: 1, out: '' })
    expect(refused.err).toContain('conflict   workflows/pedidos.yaml')
    expect(read('pedidos.yaml')).toContain('mine.example')
    git('init', '-q')
    git('add', '.')
    expect((await run(['pull'])).code).toBe(1)
    git('commit', '-qm', 'x')
    expect(await run(['pull'])).toMatchObject({
      code: 0,
      out: 'changed    workflows/pedidos.yaml\nunchanged  workflows/resumo.yaml\n',
    })
    expect(git('status', '--porcelain').trim()).toBe('M workflows/pedidos.yaml')
    edit('resumo.yaml', 'Olá', 'Oi')
    writeFileSync(join(folder, 'workflows/outro.yaml'), read('resumo.yaml').replaceAll('resumo', 'outro'))
    const forced = await run(['pull', '--force'])
    expect(forced).toMatchObject({ code: 0, err: '' })
    expect(forced.out).toContain('changed    workflows/resumo.yaml\nonly here  workflows/outro.yaml')
    rmSync(join(folder, 'workflows/outro.yaml'))
  })
})

describe('what is wrong', { timeout: 120_000 }, () => {
  const bad = (text: string): string => {
    mkdirSync(join(folder, 'bad'), { recursive: true })
    writeFileSync(join(folder, 'bad/x.yaml'), text)
    return 'bad'
  }
  const FILE = 'synapscale: 1\nname: X\nnodes:\n  - id: s\n    type: trigger.manual\n  - id: a\n    type: '

  test.each([
    [
      `${FILE}set\n    config: { wrong: 1 }\nedges: [ s -> a ]\n`,
      ['bad/x.yaml:8: /nodes/1/config/fields: ', 'x.yaml:8: '],
    ],
    [`${FILE}no.such\nedges:\n  - s -> a\n  - s -> ghost\n`, ['bad/x.yaml:6: /nodes/1: ', 'bad/x.yaml:10: /edges/1: ']],
    [`${FILE}set\n    cfg: 1\n`, ['bad/x.yaml:8: /nodes/1/cfg: ']],
    ['name: x\nname: y\n', ['bad/x.yaml:2: ']],
    ['synapscale: 1\n', ['/name: ', '/nodes: ']],
  ])('validate says by line, without a server: %#', async (text, lines) => {
    const { code, err } = await run(['validate', bad(text)], { SYNAPSCALE_URL: 'http://127.0.0.1:9' })
    expect(code).toBe(1)
    for (const line of lines) expect(err).toContain(line)
  })

  test('push is refused by file and line, all of it', async () => {
    const directory = bad(`${FILE}workflow\n    config:\n      workflow: nobody\n`)
    const { code, out, err } = await run(['push', directory])
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).toContain('bad/x.yaml:9: /nodes/1/config/workflow: There is no workflow nobody')
  })

  test('push --publish changes nothing when something could not be published; push alone saves the draft', async () => {
    const directory = bad(`${FILE}no.such\nedges: [ s -> a ]\n`)
    expect(await run(['push', directory, '--publish'])).toMatchObject({ code: 1, out: '' })
    expect((await ana.call('/workflows?search=X')).body).toMatchObject({ total: 0 })
    const saved = await run(['push', directory], { LANG: 'pt_BR.UTF-8' })
    expect(saved).toMatchObject({ code: 0, out: 'criado     x\n' })
    expect(saved.err).toContain('bad/x.yaml: a: O tipo de nó no.such não existe.')
  })

  test.each<[readonly string[], Record<string, string>, number, RegExp]>([
    [[], {}, 2, /synapscale pull/],
    [['fetch'], {}, 2, /synapscale pull/],
    [['pull', '--publish'], {}, 2, /synapscale pull/],
    [['push', '--odd'], {}, 2, /--odd/],
    [['validate', 'nowhere'], {}, 2, /nowhere/],
    [['pull'], { SYNAPSCALE_API_KEY: '' }, 2, /SYNAPSCALE_API_KEY/],
    [['pull'], { SYNAPSCALE_URL: 'x' }, 2, /SYNAPSCALE_URL/],
    [['pull'], { SYNAPSCALE_URL: 'http://127.0.0.1:9' }, 1, /Cannot reach/],
    [['pull'], { SYNAPSCALE_API_KEY: 'sk_wrong' }, 1, /401/],
    [['pull'], { SYNAPSCALE_WORKSPACE: '00000000-0000-7000-8000-000000000000' }, 1, /refused \(4\d\d\)/],
  ])('%j with %j ends with %i', async (args, env, code, sentence) => {
    const ended = await run(args, env)
    expect(ended).toMatchObject({ code, err: expect.stringMatching(sentence) })
  })

  test('help is no mistake', async () => {
    expect(await run(['--help'])).toMatchObject({ code: 0, out: expect.stringMatching(/^SynapScale/) })
  })
})

test('the bundle does the same in one file', { timeout: 120_000 }, async () => {
  execFileSync(process.execPath, [join(ROOT, 'cli/build.mjs')], { stdio: 'ignore' })
  const valid = await run(['validate'], {}, BUNDLE)
  expect(valid).toMatchObject({ code: 0, out: '2 workflow(s) without problems.\n' })
  expect(await run(['pull', '--force'], {}, BUNDLE)).toMatchObject({ code: 0 })
})
