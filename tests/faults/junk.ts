/** Every operation of `/openapi.json` with junk: none answers 5xx, but 503 with `Retry-After`. */
import { z } from 'zod'
import { createClient } from '#tests/e2e/support/client'
import { chain, setNode, trigger } from '#tests/worker/support/graphs'
import { junkText, sample, Schema } from './sample.ts'
import { type Ground, messageOf } from './world.ts'

const LANES = 16
const PATIENCE_MS = 90_000
/** Of a body that is no JSON, or deeper or larger than anybody's. */
const DEEP = 100_000
const LARGE_BYTES = 3_000_000

/** Some are references, to headers that are sent anyway. */
const Parameter = z.looseObject({ name: z.string().default(''), in: z.string().default('') })
const Operation = z.looseObject({
  parameters: z.array(Parameter).default([]),
  requestBody: z
    .looseObject({ content: z.record(z.string(), z.looseObject({ schema: Schema.default({}) })) })
    .optional(),
})
const Document = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), Operation)),
  components: z.looseObject({ schemas: z.record(z.string(), Schema) }),
})

interface Target {
  readonly method: string
  readonly path: string
  readonly operation: z.infer<typeof Operation>
}

/** What ends the session that it is sent with is sent with one that nobody needs. */
const ENDS_SESSION = /auth\/(logout|account|change-password|reset-password|sessions)|users\/me/
const METHODS = ['get', 'post', 'put', 'patch', 'delete']
const CONTENT_TYPES = [
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data',
  'multipart/form-data; boundary=x',
  'application/json; charset=utf-16',
  'application/octet-stream',
  'x',
]
const HEADERS = [
  'X-Workspace-Id',
  'Idempotency-Key',
  'Accept',
  'Accept-Language',
  'Range',
  'If-None-Match',
  'Last-Event-ID',
]

/** What HTTP lets into a header. */
function toHeader(text: string): string {
  return text.replaceAll(/[^\t\u0020-\u007e\u0080-\u00ff]/g, '?').trim()
}

function toBody(
  ground: Ground,
  types: ReadonlyMap<string, Schema>,
  target: Target,
): { type?: string; body?: BodyInit } {
  const { chance } = ground
  const [type, content] = Object.entries(target.operation.requestBody?.content ?? {}).at(0) ?? []
  if (type === undefined && chance.happens(0.7)) return {}
  switch (chance.below(16)) {
    case 0:
      return {
        type: 'application/json',
        body: chance.pick(['', '{', 'null', '[]', '"x"', '1', '{"a":1,}', '\ufeff{}']),
      }
    case 1:
      return {
        type: 'application/json',
        body: chance.pick(['[', '{"a":', '{"definition":{"nodes":['].map((open) => open.repeat(DEEP / 10))),
      }
    case 2:
      return { type: 'application/json', body: Buffer.from([0x7b, 0x22, 0xff, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d]) }
    case 3:
      return {
        type: chance.pick(CONTENT_TYPES),
        body: JSON.stringify(sample(types, content?.schema ?? {}, chance, 0.1)),
      }
    case 4:
      return chance.happens(0.9) ? {} : { type: 'application/json', body: `{"name":"${'x'.repeat(LARGE_BYTES)}"}` }
    default: {
      const spoil = chance.pick([0, 0.05, 0.1, 0.3, 1])
      return {
        type: type ?? 'application/json',
        body: JSON.stringify(sample(types, content?.schema ?? {}, chance, spoil)),
      }
    }
  }
}

function toAddress({ chance }: Ground, { path, operation }: Target, ids: readonly string[]): string {
  const filled = path.replaceAll(/\{(\w+)[^}]*\}/g, () => {
    if (chance.happens(0.6)) return chance.pick(ids)
    return encodeURIComponent(junkText(chance).toWellFormed().slice(0, 2_000)) || '%20'
  })
  const query = new URLSearchParams()
  for (const { name } of operation.parameters.filter((one) => one.in === 'query')) {
    if (name === 'wait') query.set(name, chance.pick(['0', '-1', 'x', '1e9', '1']))
    else if (chance.happens(0.4))
      query.append(name, chance.happens(0.3) ? String(chance.below(4)) : junkText(chance).slice(0, 2_000))
  }
  if (chance.happens(0.05)) query.append(junkText(chance).slice(0, 100), 'x')
  return query.size === 0 ? filled : `${filled}?${query.toString()}`
}

/** One request; what came back when it is a 5xx that nobody may see. */
async function hit(
  ground: Ground,
  types: ReadonlyMap<string, Schema>,
  target: Target,
  token: string,
  ids: readonly string[],
  statuses: Map<number, number>,
): Promise<string | undefined> {
  const { chance, server } = ground
  const { type, body } = target.method === 'get' ? {} : toBody(ground, types, target)
  const headers = new Headers(
    chance.happens(0.97)
      ? { Authorization: `Bearer ${token}` }
      : { Authorization: toHeader(junkText(chance).slice(0, 9_000)) },
  )
  if (type !== undefined) headers.set('Content-Type', type)
  for (const name of HEADERS) if (chance.happens(0.03)) headers.set(name, toHeader(junkText(chance).slice(0, 9_000)))
  const method = (chance.happens(0.02) ? chance.pick(METHODS) : target.method).toUpperCase()
  const address = toAddress(ground, target, ids)
  const init = { method, headers, signal: AbortSignal.timeout(PATIENCE_MS), redirect: 'manual' as const }
  try {
    const hasBody = body !== undefined && method !== 'GET'
    const response = await fetch(server.url + address, hasBody ? { ...init, body } : init)
    const text = await response.text()
    statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1)
    const isMisled = response.status >= 500 && !(response.status === 503 && response.headers.has('Retry-After'))
    const sent = hasBody && typeof body === 'string' ? body.slice(0, 600) : ''
    return isMisled
      ? `${method} ${address.slice(0, 300)} ${type ?? ''} ${sent}: ${response.status} ${text.slice(0, 300)}`
      : undefined
  } catch (error) {
    return `${method} ${address.slice(0, 300)}: ${messageOf(error)}`
  }
}

/** Sends at least `count` requests, every operation in turn, or as many as fit until the time is up. */
export async function sendJunk(ground: Ground, count: number, untilMs: number): Promise<void> {
  const { ana, chance, ledger, server } = ground
  const document = Document.parse(await (await fetch(`${server.url}/openapi.json`)).json())
  const types = new Map(Object.entries(document.components.schemas))
  const targets = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]): Target => ({ method, path, operation })),
  )
  const workflow = await ana.createWorkflow(chain([trigger, setNode('end', {})]))
  const ids = [workflow, await ana.execute(workflow), '01a203a6-429d-7999-9119-2597afa66936', '1', 'start', 'x']
  const expendable = await createClient(server.url)
  const before = server.output().length
  const statuses = new Map<number, number>()
  let sent = 0
  async function lane(): Promise<void> {
    while (sent < count && performance.now() < untilMs) {
      const target = targets[sent % targets.length] ?? chance.pick(targets)
      sent += 1
      const { token } = ENDS_SESSION.test(target.path) ? expendable : ana
      const complaint = await hit(ground, types, target, token, ids, statuses)
      ledger.attacked('junk')
      ledger.expect('junk', complaint === undefined, () => complaint ?? '')
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  const errors = server
    .output()
    .slice(before)
    .split('\n')
    .filter((line) => /"level":"error"|uncaught|unhandled/i.test(line))
  ledger.expect(
    'junk',
    errors.length === 0,
    () => `${errors.length} errors in the log, the first: ${errors[0]?.slice(0, 500)}`,
  )
  const told = [...statuses].toSorted(([a], [b]) => a - b).map(([status, times]) => `${times} × ${status}`)
  ledger.note('junk', `${targets.length} operations: ${told.join(', ')}`)
}
