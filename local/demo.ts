/**
 * `npm run demo`: the README's walk against the running server, shown step by step. `-- --shop` only runs the order
 * service, for the walk by hand.
 */
import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { SHOP_PORT, startShop } from './demo-shop.ts'
import { DEMO_WORKFLOW } from './demo-workflow.ts'

const base = (
  process.argv.slice(2).find((argument) => argument.startsWith('http')) ??
  `http://localhost:${process.env['PORT'] ?? '8000'}`
).replace(/\/$/, '')

/** What is wrong, in one line. */
class DemoError extends Error {}

function show(step: string, detail = ''): void {
  console.log(`\n▸ ${step}${detail === '' ? '' : `\n  ${detail}`}`)
}

async function call<Schema extends z.ZodType>(
  schema: Schema,
  method: string,
  path: string,
  { token, body }: { token?: string; body?: unknown } = {},
): Promise<z.infer<Schema>> {
  console.log(`  ${method} ${path}`)
  const response = await fetch(`${base}/api/v1${path}`, {
    method,
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  }).catch((error: unknown) => {
    throw new DemoError(`nothing answers at ${base}: start the server with \`npm start\``, { cause: error })
  })
  const answer: unknown = await response.json()
  if (!response.ok) throw new DemoError(`${method} ${path} answered ${response.status}: ${JSON.stringify(answer)}`)
  return schema.parse(answer)
}

const Frame = z.looseObject({
  seq: z.int().optional(),
  event_type: z.string().optional(),
  node_id: z.string().nullish(),
  data: z.looseObject({ error: z.object({ code: z.string(), message: z.string() }).optional() }).optional(),
})

/** Prints every event until the execution's last one, whose type it gives. */
function watch(url: string): Promise<z.infer<typeof Frame>> {
  const { promise, resolve, reject } = Promise.withResolvers<z.infer<typeof Frame>>()
  const socket = new WebSocket(url)
  socket.addEventListener('error', () => reject(new DemoError(`no websocket to ${url}`)))
  socket.addEventListener('close', ({ code, reason }) =>
    reject(new DemoError(`the socket was closed: ${code} ${reason}`)),
  )
  socket.addEventListener('message', ({ data }) => {
    const frame = Frame.parse(JSON.parse(String(data)))
    const { seq, event_type: type = '', node_id } = frame
    console.log(`  ${String(seq ?? '·').padStart(3)}  ${type.padEnd(24)} ${node_id ?? ''}`)
    if (!/^execution_(completed|failed|cancelled)$/.test(type)) return
    // What the promise hears after this no longer matters.
    resolve(frame)
    socket.close()
  })
  return promise
}

async function demo(): Promise<void> {
  const email = `demo-${randomBytes(4).toString('hex')}@example.com`
  const password = randomBytes(12).toString('base64url')
  show(`register and log in as ${email}`)
  await call(z.object({ id: z.uuid() }), 'POST', '/auth/register', { body: { email, password, name: 'Demo' } })
  const login = z.object({ access_token: z.string() })
  const { access_token: token } = await call(login, 'POST', '/auth/login', { body: { email, password } })

  show('create a workflow', 'start → fetch (http.request) → large (if) → write (llm) → answer (set)')
  const Created = z.object({ id: z.uuid(), version: z.int() })
  const workflow = await call(Created, 'POST', '/workflows', { token, body: DEMO_WORKFLOW })

  show('execute it with order 7')
  const Started = z.object({ execution_id: z.uuid(), status: z.string() })
  const body = { inputs: { order_id: 7 } }
  const { execution_id: id } = await call(Started, 'POST', `/workflows/${workflow.id}/execute`, { token, body })

  show('watch its events live')
  const Ticket = z.object({ ticket: z.string() })
  const { ticket } = await call(Ticket, 'POST', '/ws/tickets', { token, body: { resource: 'execution', id } })
  const last = await watch(`${base.replace(/^http/, 'ws')}/api/v1/ws/execution/${id}?ticket=${ticket}`)
  if (last.data?.error?.code === 'outbound_not_allowed') {
    throw new DemoError(
      `${last.data.error.message}\n  The order service listens on 127.0.0.1:${SHOP_PORT} for this demo. Add it to OUTBOUND_ALLOW in .dev.vars and start again.`,
    )
  }

  show('read the finished execution and its nodes back')
  const execution = await call(z.looseObject({ status: z.string() }), 'GET', `/executions/${id}`, { token })
  const nodes = await call(
    z.object({ items: z.array(z.looseObject({ node_id: z.string() })) }),
    'GET',
    `/executions/${id}/nodes`,
    { token },
  )
  console.log(
    JSON.stringify(
      { status: execution.status, output: execution['output'], duration_ms: execution['duration_ms'] },
      null,
      2,
    ),
  )
  console.table(nodes.items.map(({ node_id, visit, status, attempts }) => ({ node_id, visit, status, attempts })))
  if (execution.status !== 'completed') throw new DemoError(`the execution ended as ${execution.status}`)
}

const stopShop = await startShop().catch((error: unknown) => {
  console.error(`✗ the order service cannot listen on 127.0.0.1:${SHOP_PORT}: ${String(error)}`)
  process.exit(1)
})
if (process.argv.includes('--shop')) {
  console.log(`order service on http://127.0.0.1:${SHOP_PORT}/orders/7; Ctrl-C ends it`)
} else {
  try {
    await demo()
  } catch (error) {
    console.error(`\n✗ ${error instanceof DemoError ? error.message : String(error)}`)
    process.exitCode = 1
  } finally {
    await stopShop()
  }
}
