import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { beforeAll, describe, expect, it } from 'vitest'
import { verifyTicket } from '#auth/tickets'
import { readConfig } from '#config'
import type { LoginAnswer } from '#core/auth/login'
import { TicketAnswer } from '#core/auth/ticket'
import { connect } from '#db/connect'
import { newId } from '#lib/ids'
import { call, INVALID, NOT_AUTHENTICATED, problemOf } from './api.ts'
import { createSession } from '#tests/worker/support/accounts'

let session: LoginAnswer
let workspaceId: string
let executionId: string

/** An execution that has ended in the personal workspace of the user. */
async function createExecution(userId: string): Promise<{ id: string; workspaceId: string }> {
  const db = connect(env)
  const { workspaces, executions } = db.tables
  const [own] = await db.select().from(workspaces).where(eq(workspaces.personal_user_id, userId))
  const row = { id: newId(), workspace_id: own?.id ?? '', workflow_id: newId(), version: 1, seq: 1 }
  const at = new Date()
  await db
    .insert(executions)
    .values({ ...row, status: 'completed', trigger: 'manual', created_at: at, finished_at: at })
  return { id: row.id, workspaceId: row.workspace_id }
}

beforeAll(async () => {
  session = await createSession()
  const execution = await createExecution(session.user.id)
  executionId = execution.id
  workspaceId = execution.workspaceId
})

function issue(json: object, token?: string) {
  return call('/ws/tickets', { json, ...(token === undefined ? {} : { token }) })
}

describe('POST /ws/tickets', () => {
  it('answers a ticket for one object, bound to user, session and workspace', async () => {
    const answer = await issue({ resource: 'execution', id: executionId.toUpperCase() }, session.access_token)
    expect(answer).toMatchObject({ status: 200, body: { expires_in: 60 } })
    const { ticket } = TicketAnswer.parse(answer.body)
    expect(await verifyTicket(readConfig(env), ticket)).toMatchObject({
      userId: session.user.id,
      workspaceId,
      resource: 'execution',
      id: executionId,
    })
  })

  it('gives a ticket that is no token', async () => {
    const { body } = await issue({ resource: 'execution', id: executionId }, session.access_token)
    const { ticket } = TicketAnswer.parse(body)
    expect(problemOf(await call('/auth/me', { token: ticket }))).toEqual(INVALID)
    expect(problemOf(await issue({ resource: 'execution', id: executionId }, ticket))).toEqual(INVALID)
  })

  it('gives none for what is not the caller’s', async () => {
    const stranger = await createSession()
    for (const id of [executionId, newId()]) {
      const answer = await issue({ resource: 'execution', id }, stranger.access_token)
      expect(problemOf(answer)).toMatchObject({ status: 404, code: 'not_found' })
    }
  })

  it('gives none without a token', async () => {
    expect(problemOf(await issue({ resource: 'execution', id: executionId }))).toEqual(NOT_AUTHENTICATED)
  })

  it.each([
    [{}, ['/resource', '/id']],
    [{ resource: 'file', id: newId() }, ['/resource']],
    [{ resource: 'execution', id: 'x' }, ['/id']],
    [{ resource: 'execution', id: newId(), user_id: newId() }, ['/user_id']],
  ])('refuses %j', async (json, pointers) => {
    expect(problemOf(await issue(json, session.access_token))).toMatchObject({ status: 422, pointers })
  })
})
