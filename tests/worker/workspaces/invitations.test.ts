import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { and, eq } from 'drizzle-orm'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { hashOneTimeToken } from '#auth/one-time-token'
import { connect } from '#db/connect'
import { app } from '#http/app'
import { newId } from '#lib/ids'
import { call, problemOf } from '#tests/worker/auth/api'
import { newEmail, PASSWORD } from '#tests/worker/support/accounts'
import { linksTo, mailsTo } from '#tests/worker/auth/mail'
import {
  actionsIn,
  createPerson,
  createTeam,
  invitationTo,
  invite,
  join,
  personalOf,
  type Person,
  rolesIn,
} from './team.ts'

const db = connect(env)
const { workspaceInvitations: invitations, auditLog, users } = db.tables
const BAD_TOKEN = { status: 400, code: 'invalid_token' }

let ana: Person
let id: string
beforeEach(async () => {
  ana = await createPerson()
  ;({ id } = await createTeam(ana, 'Vendas'))
})

function accept(who: Person, token: string) {
  return who.call('/invitations/accept', { json: { token } })
}

function register(email: string, invitation: string, more: object = {}) {
  return call('/auth/register', { json: { email, password: PASSWORD, name: 'Eva', invitation, ...more } })
}

/** Writes lines of the audit log as if so many invitations had been mailed a moment ago. */
async function pretendInvitations(count: number, line: { user_id: string; email: string }) {
  const common = {
    workspace_id: id,
    actor_kind: 'user',
    action: 'invitation.created',
    resource_type: 'invitation',
  } as const
  const lines = Array.from({ length: count }, () => ({
    ...common,
    id: newId(),
    user_id: line.user_id,
    details: { email: line.email },
    created_at: new Date(),
  }))
  await db.insert(auditLog).values(lines)
}

describe('inviting', () => {
  it('mails a link behind whose # the token is, and stores no token', async () => {
    const email = newEmail()
    const answer = await ana.call(`/workspaces/${id}/invitations`, {
      json: { email: ` ${email.toUpperCase()} `, role: 'viewer' },
      headers: { 'Accept-Language': 'en', Host: 'evil.example' },
    })
    expect(answer).toMatchObject({ status: 201, body: { email, role: 'viewer', invited_by: ana.id } })
    const [link] = await linksTo(email, '/accept-invitation')
    expect(link).toMatch(/^http:\/\/localhost:8000\/accept-invitation#token=ott_[\w-]{43}$/)
    const [mail] = await mailsTo(email)
    expect(mail?.subject).toBe('SynapScale: invitation to a workspace')
    // Ana has not confirmed her address, so that nobody is told that it was she; what people write is in no mail.
    expect(mail?.text).toContain('Somebody invites you')
    expect(mail?.text).not.toContain('Vendas')
    const token = await invitationTo(email)
    const [row] = await db
      .select()
      .from(invitations)
      .where(eq(invitations.token_hash, hashOneTimeToken(token)))
    expect(JSON.stringify(row)).not.toContain(token)
    expect(JSON.stringify(await ana.call(`/workspaces/${id}/invitations`))).not.toContain('token')
    const days = (row?.expires_at.getTime() ?? 0) - (row?.created_at.getTime() ?? 0)
    expect(days / 86_400_000).toBe(7)
  })

  it('names an inviter whose address is confirmed', async () => {
    await db.update(users).set({ is_verified: true }).where(eq(users.id, ana.id))
    const email = newEmail()
    await invite(ana, id, email)
    await invitationTo(email)
    expect((await mailsTo(email))[0]?.text).toContain(`${ana.email} convida você`)
  })

  it('answers alike whether the address has an account', async () => {
    const person = await createPerson()
    const [known, unknown] = [await invite(ana, id, person.email), await invite(ana, id, newEmail())]
    const { id: _, email: __, created_at: ___, expires_at: ____, ...said } = known.body as Record<string, unknown>
    expect(unknown).toMatchObject({ status: known.status, body: said })
    expect(Object.keys(unknown.body as object)).toEqual(Object.keys(known.body as object))
  })

  it('a second time takes the place of the first', async () => {
    const eva = await createPerson()
    await invite(ana, id, eva.email, 'admin')
    const first = await invitationTo(eva.email)
    await invite(ana, id, eva.email, 'viewer')
    const second = await invitationTo(eva.email, 2)
    expect((await ana.call(`/workspaces/${id}/invitations`)).body).toMatchObject({ total: 1 })
    expect(problemOf(await accept(eva, first))).toMatchObject(BAD_TOKEN)
    expect((await accept(eva, second)).body).toMatchObject({ id, role: 'viewer' })
  })

  it('with an Idempotency-Key mails once', async () => {
    const email = newEmail()
    const once = (role: string) =>
      ana.call(`/workspaces/${id}/invitations`, { json: { email, role }, headers: { 'Idempotency-Key': 'k' } })
    const answers = await Promise.all([once('viewer'), once('viewer'), once('viewer')])
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201])
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1)
    expect(problemOf(await once('admin'))).toMatchObject({ code: 'idempotency_key_reused' })
    await vi.waitFor(async () => expect(await mailsTo(email)).toHaveLength(1), 10_000)
  })

  it('refuses members, personal workspaces and roles that are none', async () => {
    const eva = await join(ana, id, 'viewer')
    expect(problemOf(await invite(ana, id, eva.email))).toMatchObject({ status: 409, code: 'already_member' })
    const personal = await personalOf(ana)
    expect(problemOf(await invite(ana, personal, newEmail()))).toMatchObject({ code: 'personal_workspace' })
    expect(problemOf(await invite(ana, id, newEmail(), 'owner'))).toMatchObject({ pointers: ['/role'] })
    expect(problemOf(await invite(ana, id, 'nobody'))).toMatchObject({ pointers: ['/email'] })
  })

  it('is limited for each person and for each address, whatever was revoked since', async () => {
    await pretendInvitations(49, { user_id: ana.id, email: newEmail() })
    const answer = await invite(ana, id, newEmail())
    const { id: made } = answer.body as { id: string }
    await ana.call(`/workspaces/${id}/invitations/${made}`, { method: 'DELETE' })
    const flood = await invite(ana, id, newEmail())
    expect(problemOf(flood)).toMatchObject({ status: 429, code: 'too_many_attempts' })
    expect(Number(flood.headers.get('Retry-After'))).toBeGreaterThan(3_500)

    const email = newEmail()
    await pretendInvitations(4, { user_id: newId(), email })
    const rui = await createPerson()
    const team = await createTeam(rui)
    const answers = await Promise.all([1, 2, 3].map(() => invite(rui, team.id, email)))
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 429, 429])
  })

  it('stops at fifty that are open', async () => {
    const open = Array.from({ length: 50 }, () => ({
      id: newId(),
      workspace_id: id,
      email: newEmail(),
      role: 'viewer' as const,
      token_hash: newId(),
      invited_by: ana.id,
      expires_at: new Date(Date.now() + 60_000),
    }))
    await db.insert(invitations).values(open)
    expect(problemOf(await invite(ana, id, newEmail()))).toMatchObject({ status: 409, code: 'too_many_invitations' })
    // One that replaces another adds none.
    expect((await invite(ana, id, open[0]?.email ?? '')).status).toBe(201)
  })
})

describe('accepting', () => {
  it('brings the invited one in, once, and confirms the address', async () => {
    const eva = await createPerson()
    await invite(ana, id, eva.email, 'editor')
    const token = await invitationTo(eva.email)
    const preview = await call('/invitations/preview', { json: { token } })
    expect(preview.body).toMatchObject({ workspace_name: 'Vendas', invited_by: 'Ana Silva', email: eva.email })
    const answers = await Promise.all([1, 2, 3].map(() => accept(eva, token)))
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 400, 400])
    expect(await rolesIn(eva, id)).toEqual({ [ana.id]: 'owner', [eva.id]: 'editor' })
    expect((await eva.call('/auth/me')).body).toMatchObject({ is_verified: true })
    expect(problemOf(await accept(eva, token))).toMatchObject(BAD_TOKEN)
    expect(problemOf(await call('/invitations/preview', { json: { token } }))).toMatchObject(BAD_TOKEN)
    expect(await actionsIn(ana, '', id)).toEqual(['member.joined', 'invitation.created', 'workspace.created'])
  })

  it('is for the invited address alone', async () => {
    const [eva, rui] = [await createPerson(), await createPerson()]
    await invite(ana, id, eva.email)
    const token = await invitationTo(eva.email)
    expect(problemOf(await accept(rui, token))).toMatchObject(BAD_TOKEN)
    expect(problemOf(await register(newEmail(), token))).toMatchObject(BAD_TOKEN)
    expect((await rui.call('/auth/me')).body).toMatchObject({ is_verified: false })
    expect((await accept(eva, token)).status).toBe(200)
    expect(problemOf(await accept(eva, 'ott_x'))).toMatchObject(BAD_TOKEN)
    expect(problemOf(await call('/invitations/accept', { json: { token } }))).toMatchObject({ status: 401 })
  })

  it('never changes the role of who is a member already', async () => {
    const eva = await createPerson()
    await invite(ana, id, eva.email, 'admin')
    const token = await invitationTo(eva.email)
    const { workspaceMembers: members } = db.tables
    await db.insert(members).values({ workspace_id: id, user_id: eva.id, role: 'viewer' })
    expect((await accept(eva, token)).body).toMatchObject({ role: 'viewer' })
    expect(await rolesIn(ana, id)).toMatchObject({ [eva.id]: 'viewer' })
  })

  it('is too late once it expired, was revoked, or the workspace is gone', async () => {
    const eva = await createPerson()
    await invite(ana, id, eva.email)
    const expired = await invitationTo(eva.email)
    const isHers = and(eq(invitations.workspace_id, id), eq(invitations.email, eva.email))
    await db.update(invitations).set({ expires_at: new Date() }).where(isHers)
    expect(problemOf(await accept(eva, expired))).toMatchObject(BAD_TOKEN)

    const again = await invite(ana, id, eva.email)
    const revoked = await invitationTo(eva.email, 2)
    const path = `/workspaces/${id}/invitations/${(again.body as { id: string }).id}`
    const rui = await createPerson()
    const team = await createTeam(rui)
    const elsewhere = path.replace(id, team.id)
    expect(problemOf(await rui.call(elsewhere, { method: 'DELETE' }))).toMatchObject({ status: 404 })
    expect((await ana.call(path, { method: 'DELETE' })).status).toBe(204)
    expect(problemOf(await ana.call(path, { method: 'DELETE' }))).toMatchObject({ status: 404 })
    expect(problemOf(await accept(eva, revoked))).toMatchObject(BAD_TOKEN)

    await invite(ana, id, eva.email)
    const orphan = await invitationTo(eva.email, 3)
    await ana.call(`/workspaces/${id}`, { method: 'DELETE' })
    expect(problemOf(await accept(eva, orphan))).toMatchObject(BAD_TOKEN)
  })

  it.each([1, 2, 3])('while the workspace is deleted ends in one or the other (%i)', async () => {
    const eva = await createPerson()
    await invite(ana, id, eva.email)
    const token = await invitationTo(eva.email)
    const [joined, deleted] = await Promise.all([
      accept(eva, token),
      ana.call(`/workspaces/${id}`, { method: 'DELETE' }),
    ])
    expect(deleted.status).toBe(204)
    expect([200, 400]).toContain(joined.status)
    expect((await eva.call(`/workspaces/${id}`)).status).toBe(404)
  })
})

describe('registering with an invitation', () => {
  it('joins at once, with a confirmed address and no further mail', async () => {
    const email = newEmail()
    await invite(ana, id, email, 'viewer')
    const token = await invitationTo(email)
    const answer = await register(email.toUpperCase(), token)
    expect(answer).toMatchObject({ status: 201, body: { email, is_verified: true, role: 'user' } })
    expect(await rolesIn(ana, id)).toMatchObject({ [(answer.body as { id: string }).id]: 'viewer' })
    expect(await mailsTo(email)).toHaveLength(1)
    expect(problemOf(await register(newEmail(), token))).toMatchObject(BAD_TOKEN)
  })

  it('makes no account for one that is worth nothing', async () => {
    const email = newEmail()
    expect(problemOf(await register(email, 'ott_x'))).toMatchObject(BAD_TOKEN)
    expect(await db.$count(users, eq(users.email, email))).toBe(0)
  })

  it.each([
    ['invite', 201],
    ['closed', 403],
  ])('with REGISTRATION=%s answers %i', async (REGISTRATION, status) => {
    const email = newEmail()
    await invite(ana, id, email)
    const invitation = await invitationTo(email)
    const answer = async (json: object) => {
      const context = createExecutionContext()
      const body = JSON.stringify({ email, password: PASSWORD, name: 'Eva', ...json })
      const headers = { 'Content-Type': 'application/json' }
      const request = new Request('http://synapscale.test/api/v1/auth/register', { method: 'POST', headers, body })
      const response = await app.fetch(request, { ...env, REGISTRATION }, context)
      await response.body?.cancel()
      await waitOnExecutionContext(context)
      return response.status
    }
    expect(await answer({})).toBe(403)
    expect(await answer({ invitation: 'ott_x' })).toBe(REGISTRATION === 'invite' ? 400 : 403)
    expect(await answer({ invitation, email: newEmail() })).toBe(REGISTRATION === 'invite' ? 400 : 403)
    expect(await answer({ invitation })).toBe(status)
  })

  it('several times at once makes one account', async () => {
    const email = newEmail()
    await invite(ana, id, email)
    const token = await invitationTo(email)
    const answers = await Promise.all([1, 2, 3].map(() => register(email, token)))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 409 || status === 400)).toHaveLength(2)
    expect(Object.keys(await rolesIn(ana, id))).toHaveLength(2)
  })
})
