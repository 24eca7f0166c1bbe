import { z } from 'zod'
import type { Sentence } from '#core/messages'
import { Role } from './workspace.ts'

/** Somebody in a workspace. */
export const Member = z
  .object({
    user_id: z.uuid(),
    name: z.string(),
    email: z.string(),
    role: Role,
    joined_at: z.iso.datetime(),
  })
  .meta({ id: 'Member' })
export type Member = z.infer<typeof Member>

export const MemberFilter = z.object({
  search: z.string().trim().min(1).max(200).optional().describe('Part of the name or the e-mail address.'),
  role: Role.optional(),
})
export type MemberFilter = z.infer<typeof MemberFilter>

export const MemberPatch = z.strictObject({ role: Role }).meta({ id: 'MemberPatch' })
export type MemberPatch = z.infer<typeof MemberPatch>

export const TransferInput = z.strictObject({ user_id: z.uuid().toLowerCase() }).meta({ id: 'TransferInput' })
export type TransferInput = z.infer<typeof TransferInput>

export const TRANSFER_TO_ONESELF: Sentence = {
  pt: 'Escolha outro membro: este é você.',
  en: 'Choose another member: this is you.',
}
