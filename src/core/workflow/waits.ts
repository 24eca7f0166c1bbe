/** What a run waits for and how that is answered, as its actor's callers see it. */
import { z } from 'zod'
import { AnyJson, AnyJsonObject } from '#core/json'
import type { Json } from '#lib/json'
import { VisitRef, type Wait } from './event.ts'
import { waitData } from './frame.ts'
import { isFinal, type RunState, type Visit, visitKey, type VisitStatus } from './run.ts'
import { takeOut } from './value.ts'

/** Of one run, this many waits are listed: each item of a loop may have one. */
const MAX_LISTED = 100

/** A visit that waits, and for what. */
export const VisitWait = z.object({
  ...VisitRef.shape,
  since: z.iso.datetime(),
  wait: AnyJsonObject.describe('"for": time, signal, approval or execution; "until" when it ends at the latest.'),
})
export type VisitWait = z.infer<typeof VisitWait>

/** What an execution waits for, as whoever reads it sees it. */
export const WaitingFor = z
  .object({
    kind: z.enum(['time', 'signal', 'approval', 'execution']),
    ...VisitRef.shape,
    name: z.string().nullable().describe("The signal's name, the approval's title."),
    key: z.string().nullable().describe("The signal's."),
    execution_id: z.string().nullable().describe('The execution that is waited for.'),
    since: z.iso.datetime(),
    until: z.iso.datetime().nullable().describe('It ends then at the latest.'),
  })
  .meta({ id: 'WaitingFor' })
export type WaitingFor = z.infer<typeof WaitingFor>

export const SignalName = z.string().min(1).max(200)
export const SignalInput = z
  .strictObject({
    key: z
      .union([z.string().max(500), z.number().transform(String)])
      .nullish()
      .describe('Tells signals of the same name apart.'),
    body: AnyJson.default(null).describe("What the waiting node's output becomes."),
  })
  .meta({ id: 'SignalInput' })
export type SignalInput = z.infer<typeof SignalInput>

export const SignalReceipt = z
  .object({ id: z.uuid(), execution_id: z.uuid(), name: z.string(), key: z.string().nullable() })
  .meta({ id: 'SignalReceipt' })
export type SignalReceipt = z.infer<typeof SignalReceipt>

/** Something that people are to decide. */
export const OpenApproval = z.object({
  ...VisitRef.shape,
  title: z.string(),
  message: z.string().nullable(),
  approvers: z.array(z.string()).describe('E-mail addresses or ids of users; nobody named: everybody.'),
  since: z.iso.datetime(),
  until: z.iso.datetime().nullable(),
})
export type OpenApproval = z.infer<typeof OpenApproval>

export interface ApprovalDecision {
  readonly decision: 'approved' | 'rejected'
  readonly by: string
  readonly comment: string | null
  /** What an approver may be called who decides: an e-mail address, the id of a user. */
  readonly names: readonly string[]
}

/** The decision that stands, as the visit's output; `applied` says whether it is the one that was just made. */
export interface ApprovalAnswer {
  readonly applied: boolean
  readonly status: VisitStatus
  readonly output: Json
}

/** `not_approver`: others are named. */
export type ApprovalReply = ApprovalAnswer | 'not_approver'

/** `refused`: more or larger signals than a run keeps for later. */
export type SignalAnswer = 'accepted' | 'duplicate' | 'refused' | 'finished'

/** The waits of a run that has not ended, oldest first, up to a bound. */
export function toWaitingFor(state: RunState): WaitingFor[] {
  return waitsOf(state, MAX_LISTED).map(({ visit, wait }) => ({
    kind: wait.for,
    node_id: visit.node_id,
    visit: visit.visit,
    name: wait.for === 'signal' ? wait.name : wait.for === 'approval' ? wait.title : null,
    key: wait.for === 'signal' ? wait.key : null,
    execution_id: wait.for === 'execution' ? wait.execution_id : null,
    since: new Date(visit.startedAt).toISOString(),
    until: toIso(wait.until),
  }))
}

/** What people are to decide, as PostgreSQL takes it: its texts have no U+0000 and no halves of characters. */
export function toOpenApprovals(state: RunState): OpenApproval[] | null {
  const open = waitsOf(state, MAX_LISTED, 'approval').flatMap(({ visit, wait }): OpenApproval[] => {
    if (wait.for !== 'approval') return []
    const { title, message, approvers, until } = wait
    return [
      {
        node_id: clean(visit.node_id),
        visit: visit.visit,
        title: clean(title),
        message: message === null ? null : clean(message),
        approvers: approvers.map(clean),
        since: new Date(visit.startedAt).toISOString(),
        until: toIso(until),
      },
    ]
  })
  return open.length === 0 || isFinal(state.status) ? null : open
}

/** An approval that there is or was, with the output of its node. */
export interface ApprovalState {
  readonly title: string
  readonly message: string | null
  readonly until: string | null
  readonly isOpen: boolean
  readonly output: Json
}

export function toApprovalState(state: RunState, ref: VisitRef): ApprovalState | undefined {
  const visit = state.visits.get(visitKey(ref))
  if (visit?.wait?.for !== 'approval') return undefined
  const { title, message, until } = visit.wait
  return {
    title,
    message,
    until: toIso(until),
    isOpen: visit.status === 'waiting',
    output: takeOut(visit.output, [], []),
  }
}

/**
 * What whoever decides an approval that is open no more is told: the decision that stands, with `applied` false.
 * undefined where there is no such approval.
 */
export function toApprovalReply(state: RunState, ref: VisitRef, names: readonly string[]): ApprovalReply | undefined {
  const visit = state.visits.get(visitKey(ref))
  if (visit?.wait?.for !== 'approval') return undefined
  if (!mayDecide(visit.wait.approvers, names)) return 'not_approver'
  return { applied: false, status: visit.status, output: takeOut(visit.output, [], []) }
}

/** The open approvals of a run, with whom each is for. */
export function openApprovals(state: RunState) {
  return waitsOf(state, Number.POSITIVE_INFINITY, 'approval').flatMap(({ visit, wait }) =>
    wait.for === 'approval' ? [{ node_id: visit.node_id, visit: visit.visit, ...wait }] : [],
  )
}

/** Whether an approval is this person's to decide. */
export function mayDecide(approvers: readonly string[], names: readonly string[]): boolean {
  const known = new Set(names.map((name) => name.trim().toLowerCase()))
  return approvers.length === 0 || approvers.some((approver) => known.has(approver.trim().toLowerCase()))
}

function waitsOf(state: RunState, limit: number, kind?: Wait['for']) {
  const found: { readonly visit: Visit; readonly wait: Wait }[] = []
  for (const key of state.waiting) {
    const visit = state.visits.get(key)
    if (visit?.wait === undefined || (kind !== undefined && visit.wait.for !== kind)) continue
    found.push({ visit, wait: visit.wait })
    if (found.length === limit) break
  }
  return found
}

function clean(text: string): string {
  return text.replaceAll('\0', '').toWellFormed()
}

function toIso(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString()
}

export function toVisitWaits(state: RunState): VisitWait[] {
  return [...state.waiting].flatMap((key): VisitWait[] => {
    const visit = state.visits.get(key)
    if (visit?.wait === undefined) return []
    const { node_id, visit: number, wait, startedAt } = visit
    return [{ node_id, visit: number, since: new Date(startedAt).toISOString(), wait: waitData(wait) }]
  })
}
