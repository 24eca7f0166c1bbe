/** Approvals as people meet them: in a list, by the API, or behind a mailed link. */
import { z } from 'zod'
import { OpenApproval } from './waits.ts'

const DECISIONS = ['approved', 'rejected'] as const

/** Something that somebody is to decide, and whether the caller may. */
export const Approval = OpenApproval.extend({
  execution_id: z.uuid(),
  workflow_id: z.uuid(),
  may_decide: z.boolean().describe('Whether it is for whoever asks to decide.'),
}).meta({ id: 'Approval' })
export type Approval = z.infer<typeof Approval>

export const ApprovalFilter = z.object({
  scope: z.enum(['mine', 'all']).default('mine').describe('`mine`: what the caller may decide.'),
})
export type ApprovalFilter = z.infer<typeof ApprovalFilter>

const DECISION_FIELDS = {
  decision: z.enum(DECISIONS),
  comment: z.string().trim().max(2_000).nullish(),
}
export const DecisionInput = z.strictObject(DECISION_FIELDS).meta({ id: 'ApprovalDecisionInput' })
export type DecisionInput = z.infer<typeof DecisionInput>

/** The decision that stands: the node's output. */
export const Decision = z
  .object({ decision: z.enum(DECISIONS), by: z.string(), comment: z.string().nullable(), at: z.iso.datetime() })
  .meta({ id: 'ApprovalDecision' })
export type Decision = z.infer<typeof Decision>

/** Longer than any that we sign: names of nodes and addresses are in it. */
const LinkToken = z.string().trim().min(1).max(8_192)
export const ApprovalToken = z.strictObject({ token: LinkToken }).meta({ id: 'ApprovalToken' })
export type ApprovalToken = z.infer<typeof ApprovalToken>

export const LinkDecisionInput = z
  .strictObject({ token: LinkToken, ...DECISION_FIELDS })
  .meta({ id: 'ApprovalLinkDecisionInput' })
export type LinkDecisionInput = z.infer<typeof LinkDecisionInput>

/** What whoever holds a mailed link may know before deciding, and how it was decided afterwards. */
export const ApprovalPreview = z
  .object({
    title: z.string(),
    message: z.string().nullable(),
    approver: z.string().describe('Who the link was sent to.'),
    until: z.iso.datetime().nullable(),
    status: z.enum(['open', 'decided', 'over']).describe('`over`: its time or its execution ended without a decision.'),
    decided: Decision.nullable(),
  })
  .meta({ id: 'ApprovalPreview' })
export type ApprovalPreview = z.infer<typeof ApprovalPreview>
