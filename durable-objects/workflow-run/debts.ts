import { eventDispatch, workflowRun, workspaceHub } from '#actors'
import { toNews } from '#core/hub/news'
import { type RunHeader, toExecution } from '#core/workflow/execution'
import type { UsageEntry } from '#core/usage/usage-entry'
import type { RunEvent } from '#core/workflow/event'
import type { Plan } from '#core/workflow/plan'
import { isFinal, type RunState, visitOf } from '#core/workflow/run'
import { type Hole, ownedBy, takeOut, withHoles } from '#core/workflow/value'
import { connect } from '#db/connect'
import { createOutbox, type Outbox } from '#durable-objects/shared/outbox'
import { logLine } from '#lib/log'
import { adoptValues } from '#services/executions/adopt-values'
import { mailApprovals } from '#services/executions/mail-approvals'
import { childId, startErrorWorkflow } from '#services/executions/start-child'
import { projectExecution } from '#services/executions/project-execution'
import { tellChat } from '#services/chats/tell-chat'
import { fireExecutionTriggers } from '#services/triggers/fire-execution'
import { count, observe } from '#telemetry/metrics'
import { recordUsage } from '#services/usage/record-usage'
import { createSentMails } from './sent-mails.ts'
import { createSpentUsage } from '#durable-objects/shared/spent-usage'

/** The run as it stands, for whoever is told of it. */
export interface DebtorRun {
  readonly env: Env
  readonly header: RunHeader
  readonly plan: Plan
  readonly state: RunState
  lastSeq(): number
  /** Resolves when no start of a child is under way: one that is would come after its cancellation. */
  startsSettled(): Promise<unknown>
}

/** What a run owes to others. Each kind is delivered by itself: PostgreSQL away holds up nobody else (P10). */
export interface Debts {
  /** Writes down what follows from these events, within the caller's transaction. */
  add(
    before: Pick<RunState, 'status'> & { readonly orphans: number; readonly large: number },
    events: readonly RunEvent[],
  ): void
  /** Writes down what a model took, within the caller's transaction. */
  addUsage(entry: UsageEntry): void
  areOpen(): boolean
  /** The execution, once all large values that it holds are its own. */
  owner(): string | undefined
  /** Whether something is owed that has not failed: it is tried again after a crash at once. */
  areDue(): boolean
  retryAt(): number | undefined
  flush(): Promise<unknown>
}

export function createDebts(sql: SqlStorage, run: DebtorRun, onSettled: () => void): Debts {
  const { header, state, env } = run
  const box = (kind: string, deliver: () => Promise<void>): Outbox =>
    createOutbox(sql, kind, deliver, (error) => settle(kind, error), Date.now)

  const triggers = box('execution_trigger', () => fireExecutionTriggers(env, header, toExecution(header, state)))
  const projection = box('execution', async () => {
    // Before the row that says that it is owed is deleted.
    if (await project(run)) triggers.add()
  })
  const parent = box('parent', () => tellParent(run, owner()))
  const chat = box('chat', () => tellChat(env, header, state))
  // After a restart all of them once more: cancelling twice does no harm.
  let cancelled = 0
  const children = box('children', async () => {
    await run.startsSettled()
    for (; cancelled < state.orphans.length; cancelled += 1) await cancelChild(run, cancelled)
  })
  const errorWorkflow = box('error_workflow', () =>
    startErrorWorkflow(env, header, run.plan, toExecution(header, state)),
  )
  const approvalMails = box('approval_mail', () => mailApprovals(env, header, state, createSentMails(sql)))
  const values = box('values', () => adoptValues(env, header, state.large.values()))
  const owner = (): string | undefined => (values.isEmpty() ? header.executionId : undefined)
  const spent = createSpentUsage(sql)
  const usage = box('usage', () => spent.deliver((entries) => payUsage(run, entries)))
  const boxes = [values, projection, parent, chat, children, errorWorkflow, approvalMails, triggers, usage]

  /** Whether one of the latest large values is another execution's. */
  function hasForeign(known: number): boolean {
    if (state.large.size === known) return false
    return [...state.large.values()].slice(known).some((ref) => ref.owner !== header.executionId)
  }

  function settle(kind: string, error: unknown): void {
    count('deliveries', { kind, outcome: error === undefined ? 'done' : 'failed' })
    if (error !== undefined) {
      const place = { execution_id: header.executionId, workspace_id: header.workspaceId }
      const text = error instanceof Error ? `${error.name}: ${error.message}` : 'unknown'
      logLine('warn', { event: 'delivery_failed', kind, ...place, error: text })
    }
    onSettled()
  }

  return {
    add(before, events) {
      const asks = events.some((event) => event.type === 'execution_waiting' && event.wait.for === 'approval')
      if (asks) approvalMails.add()
      const isNews = asks || events.some((event) => event.type === 'execution_started' || isApproval(run.plan, event))
      if (before.status !== state.status || isNews) projection.add()
      if (state.orphans.length > before.orphans) children.add()
      if (hasForeign(before.large)) values.add()
      if (header.chat !== undefined && isAnswer(state, events)) chat.add()
      if (!isFinal(state.status)) return
      if (header.parent !== undefined) parent.add()
      if (state.status === 'failed' || state.status === 'timeout') errorWorkflow.add()
    },
    owner,
    addUsage(entry) {
      spent.add(entry)
      usage.add()
    },
    areOpen: () => boxes.some((one) => !one.isEmpty()),
    areDue: () => boxes.some((one) => !one.isEmpty() && one.retryAt() === undefined),
    retryAt() {
      const times = boxes.flatMap((one) => one.retryAt() ?? [])
      return times.length === 0 ? undefined : Math.min(...times)
    },
    async flush() {
      await Promise.all(boxes.filter((one) => !one.isEmpty()).map((one) => one.flush()))
      if (!triggers.isEmpty()) await triggers.flush()
    },
  }
}

/** Whether a `respond` node has just spoken for the run, or its end has to. */
function isAnswer({ status, response }: RunState, events: readonly RunEvent[]): boolean {
  if (response === undefined) return isFinal(status)
  return events.some((event) => event.type === 'node_completed' && event.response === response)
}

/** What was to be decided is: the list of approvals shows it no more, also while the run goes on elsewhere. */
function isApproval(plan: Plan, event: RunEvent): boolean {
  return event.type === 'node_completed' && plan.nodes[event.node_id]?.type === 'approval'
}

/**
 * Into PostgreSQL's list and, where somebody listens to the workspace, to its hub.
 *
 * @returns whether triggers wait for its end
 */
async function project({ env, header, plan, state, ...run }: DebtorRun): Promise<boolean> {
  const seq = run.lastSeq()
  const news = toNews(header, state, seq, Date.now())
  const { isWatched, isAwaited, isTold } = await projectExecution(
    connect(env, { lane: header.workspaceId }),
    header,
    plan,
    state,
    seq,
  )
  if (state.finishedAt !== undefined) observe('outbox_lag_seconds', {}, (Date.now() - state.finishedAt) / 1000)
  if (isTold) await eventDispatch(env, header.workspaceId).poke(header.workspaceId)
  if (isWatched) await workspaceHub(env, header.workspaceId).tell(news)
  return isAwaited
}

/** Into PostgreSQL's ledger and, where that has reached a budget's threshold, to whom it tells. */
async function payUsage({ env, header }: DebtorRun, entries: readonly UsageEntry[]): Promise<void> {
  const isReached = await recordUsage(connect(env, { lane: header.workspaceId }), header.workspaceId, entries)
  if (isReached) await eventDispatch(env, header.workspaceId).poke(header.workspaceId)
}

async function tellParent({ env, header, state }: DebtorRun, owner: string | undefined): Promise<void> {
  const { parent } = header
  const { status, output, error = null } = state
  if (parent === undefined || !isEnd(status)) return
  const { executionId, node_id, visit } = parent
  const holes: Hole[] = []
  const bare = takeOut(output, ['output'], holes)
  const large = withHoles(owner === undefined ? holes : ownedBy(owner, holes))
  const end = { execution_id: header.executionId, status, output: bare, error, ...large }
  await workflowRun(env, executionId).childFinished(header.workspaceId, { node_id, visit }, end)
}

function isEnd(status: string): status is 'completed' | 'failed' | 'cancelled' | 'timeout' {
  return status === 'completed' || status === 'failed' || status === 'cancelled' || status === 'timeout'
}

async function cancelChild({ env, header, state }: DebtorRun, index: number): Promise<void> {
  const ref = state.orphans[index]
  if (ref === undefined) return
  const child = childId(env, header, visitOf(state, ref))
  await workflowRun(env, child).cancel(header.workspaceId, null)
}
