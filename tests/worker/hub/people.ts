/** Somebody with several logins, and the sockets of their workspace, inside workerd. */
import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { connect } from '#db/connect'
import { Workflow } from '#core/workflow/workflow'
import { type Answer, type Call, call, logIn } from '#tests/worker/auth/api'
import { createAccount } from '#tests/worker/support/accounts'
import { chain, trigger } from '#tests/worker/support/graphs'
import { openSocket, type TestSocket } from '#tests/worker/support/socket'

export interface Login {
  readonly token: string
  readonly refreshToken: string
  call(path: string, options?: Call): Promise<Answer>
  /** Follows an execution. */
  follow(executionId: string): Promise<TestSocket>
  /** Follows the workspace, `query` being more than the token. */
  watch(query?: string): Promise<TestSocket>
}

export interface Person {
  readonly id: string
  readonly email: string
  /** The personal one. */
  readonly workspaceId: string
  logIn(): Promise<Login>
}

export async function createPerson(): Promise<Person> {
  const { id, email } = await createAccount()
  const db = connect(env)
  const { workspaces } = db.tables
  const [own] = await db.select({ id: workspaces.id }).from(workspaces).where(eq(workspaces.personal_user_id, id))
  return {
    id,
    email,
    workspaceId: own?.id ?? '',
    async logIn() {
      const { access_token: token, refresh_token: refreshToken } = await logIn(email)
      return {
        token,
        refreshToken,
        call: (path, options = {}) => call(path, { token, ...options }),
        follow: (executionId) => openSocket(`/api/v1/ws/execution/${executionId}?token=${token}`),
        watch: (query = '') => openSocket(`/api/v1/ws/workspace?token=${token}${query}`),
      }
    },
  }
}

/** Runs a workflow to its end, in an actor that can be followed; the execution's id. */
export async function runOne(login: Login, name = 'Pedidos'): Promise<string> {
  const created = await login.call('/workflows', { json: { name, definition: chain([trigger]) } })
  const { id } = Workflow.parse(created.body)
  const { body } = await login.call(`/workflows/${id}/execute`, { json: {} })
  return (body as { execution_id: string }).execution_id
}

/** The hub of a workspace, for `cloudflare:test`. */
export function hubOf(workspaceId: string) {
  return env.WORKSPACE_HUB.getByName(workspaceId)
}

export function isConfirmed({ event_type }: TestSocket['frames'][number]): boolean {
  return event_type === 'subscription_confirmed'
}

/** How the socket ended, if it did within a second from now. */
export function endOf(socket: TestSocket): Promise<{ code: number } | 'open'> {
  return Promise.race([socket.closed, scheduler.wait(1_000).then(() => 'open' as const)])
}

export interface Stats {
  readonly last_seq: number
  readonly first_seq: number
  readonly sockets: number
  readonly users: number
  readonly by_resource: { readonly execution: number; readonly workspace: number; readonly chat: number }
}

/** What the hub says of itself on this socket, now. */
export async function statsOn(socket: TestSocket): Promise<Stats> {
  const before = socket.frames.length
  socket.send({ type: 'get_stats' })
  const frame = await socket.until((candidate) => {
    return candidate.type === 'stats_response' && socket.frames.indexOf(candidate) >= before
  })
  return frame['data'] as Stats
}
