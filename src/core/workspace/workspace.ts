import { z } from 'zod'
import type { Sentence } from '#core/messages'
import { WORKSPACE_ROLES } from '#core/permissions'
import { Retention, RetentionPatch } from './retention.ts'

const CONTROL: Sentence = { pt: 'Contém caracteres de controle.', en: 'Contains control characters.' }

/** One line on a screen. */
const name = z
  .string()
  .overwrite((text) => text.replace(/\s+/g, ' ').trim())
  .min(1)
  .max(255)
  .refine((text) => !/[\p{Cc}\p{Cs}]/u.test(text), { params: { sentence: CONTROL } })

export const WorkspaceInput = z.strictObject({ name }).meta({ id: 'WorkspaceInput' })
export type WorkspaceInput = z.infer<typeof WorkspaceInput>

export const WorkspacePatch = z
  .strictObject({ name: name.optional(), retention: RetentionPatch.optional() })
  .meta({ id: 'WorkspacePatch' })
export type WorkspacePatch = z.infer<typeof WorkspacePatch>

/** What a member's role may be. */
export const Role = z.enum(WORKSPACE_ROLES)

/** A workspace as one of its members sees it. */
export const Workspace = z
  .object({
    id: z.uuid(),
    name: z.string(),
    is_personal: z.boolean().describe('Whether it is the one that its user has alone.'),
    role: Role.describe('The caller’s.'),
    retention: Retention.describe(
      'How long things are kept, in days; 0 for ever, null as long as the installation keeps them.',
    ),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'Workspace' })
export type Workspace = z.infer<typeof Workspace>

export const WorkspaceFilter = z.object({
  search: z.string().trim().min(1).max(200).optional().describe('Part of the name.'),
})
export type WorkspaceFilter = z.infer<typeof WorkspaceFilter>
