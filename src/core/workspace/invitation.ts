import { z } from 'zod'
import { Email } from '#core/auth/fields'
import { OneTimeToken } from '#core/auth/one-time-token'

const DAY_MS = 24 * 60 * 60 * 1000
export const INVITATION_LIFE_MS = 7 * DAY_MS

/** Nobody becomes an owner by mail: an owner makes a member one. */
const InvitedRole = z.enum(['admin', 'editor', 'viewer'])

export const InvitationInput = z.strictObject({ email: Email, role: InvitedRole }).meta({ id: 'InvitationInput' })
export type InvitationInput = z.infer<typeof InvitationInput>

/** One that can still be accepted. */
export const Invitation = z
  .object({
    id: z.uuid(),
    email: z.string(),
    role: InvitedRole,
    invited_by: z.uuid().nullable(),
    created_at: z.iso.datetime(),
    expires_at: z.iso.datetime(),
  })
  .meta({ id: 'Invitation' })
export type Invitation = z.infer<typeof Invitation>

export const InvitationToken = z.strictObject({ token: OneTimeToken }).meta({ id: 'InvitationToken' })
export type InvitationToken = z.infer<typeof InvitationToken>

/** What whoever holds the mailed link may know before deciding. */
export const InvitationPreview = z
  .object({
    workspace_name: z.string(),
    invited_by: z.string().nullable().describe('The name of who invites.'),
    email: z.string(),
    role: InvitedRole,
    expires_at: z.iso.datetime(),
  })
  .meta({ id: 'InvitationPreview' })
export type InvitationPreview = z.infer<typeof InvitationPreview>
