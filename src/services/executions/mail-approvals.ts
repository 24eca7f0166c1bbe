import { and, eq, inArray } from 'drizzle-orm'
import { signApprovalLink } from '#auth/approval-links'
import { readConfig } from '#config'
import { Email } from '#core/auth/fields'
import { writeApprovalMail } from '#core/auth/mails'
import type { RunHeader } from '#core/workflow/execution'
import { YEAR_MS } from '#core/workflow/graph'
import type { RunState } from '#core/workflow/run'
import { openApprovals } from '#core/workflow/waits'
import { connect } from '#db/connect'
import { isUuid } from '#lib/ids'
import { logLine } from '#lib/log'
import { createMailer, type MailBindings } from '#mail/mailer'

/** Mails of one run: a loop may ask a hundred people ten thousand times. */
const MAX_MAILS = 500
/** An hour of a mail server that is away; after that the approval is still in the list. */
const MAX_ATTEMPTS = 65

/** In one delivery: each may take the mailer's whole deadline. */
const MAX_FAILURES = 3

/** Which mails of a run have left. */
export interface SentMails {
  /** How often it was tried; undefined when it has left. */
  attempts(key: string): number | undefined
  failed(key: string): void
  sent(key: string): void
  count(): number
}

/**
 * Mails each approver that a waiting node names the link to decide it: at least once, once as far as possible.
 *
 * @throws MailError when one was not taken and is tried again; DatabaseUnavailable
 */
export async function mailApprovals(
  env: Env & MailBindings,
  header: RunHeader,
  state: RunState,
  mails: SentMails,
): Promise<void> {
  const open = openApprovals(state).filter(({ approvers }) => approvers.length > 0)
  if (open.length === 0) return
  const config = readConfig(env)
  const mailer = createMailer(config, env)
  if (mailer === undefined) {
    return logLine('warn', { event: 'approval_not_mailed', reason: 'no mailer', execution_id: header.executionId })
  }
  const addresses = await findAddresses(env, header, [...new Set(open.flatMap(({ approvers }) => approvers))])
  // Those that failed often come last: an address that nobody takes mail for holds up nobody else.
  const due = open
    .flatMap((approval) => dueMails(approval, addresses, mails))
    .toSorted((one, other) => one.attempts - other.attempts)
  const failures: unknown[] = []
  for (const { to, key, approver, node_id: nodeId, visit, until } of due) {
    if (failures.length === MAX_FAILURES) break
    if (mails.count() >= MAX_MAILS) {
      return logLine('warn', { event: 'approval_not_mailed', reason: 'too many', execution_id: header.executionId })
    }
    const now = Date.now()
    const link = { approver, nodeId, visit, workspaceId: header.workspaceId, executionId: header.executionId }
    const token = await signApprovalLink(config, link, { now, until: until ?? now + YEAR_MS })
    try {
      await mailer.send({ to, ...writeApprovalMail(token, config.PUBLIC_URL) })
      mails.sent(key)
    } catch (error) {
      mails.failed(key)
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}

type Asking = ReturnType<typeof openApprovals>[number]

function dueMails(approval: Asking, addresses: ReadonlyMap<string, string>, mails: SentMails) {
  const { node_id, visit, until, approvers } = approval
  const keys = new Set<string>()
  return approvers.flatMap((approver) => {
    const to = addresses.get(approver)
    const key = JSON.stringify([node_id, visit, to])
    const attempts = mails.attempts(key)
    if (to === undefined || attempts === undefined || attempts >= MAX_ATTEMPTS || keys.has(key)) return []
    keys.add(key)
    return [{ to, key, approver, node_id, visit, until, attempts }]
  })
}

/** Where each approver reads mail: the address itself, or that of the member with the id; others get none. */
async function findAddresses(
  env: Env,
  { workspaceId }: RunHeader,
  approvers: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const ids = approvers.filter(isUuid)
  const db = connect(env, { lane: workspaceId })
  const { users, workspaceMembers: members } = db.tables
  const found =
    ids.length === 0
      ? []
      : await db
          .select({ id: users.id, email: users.email })
          .from(members)
          .innerJoin(users, eq(users.id, members.user_id))
          .where(and(eq(members.workspace_id, workspaceId), inArray(users.id, ids)))
  const emails = new Map(found.map(({ id, email }) => [id, email]))
  return new Map(
    approvers.flatMap((approver): [string, string][] => {
      const email = isUuid(approver) ? emails.get(approver.toLowerCase()) : Email.safeParse(approver).data
      return email === undefined ? [] : [[approver, email]]
    }),
  )
}
