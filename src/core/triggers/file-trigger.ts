import { z } from 'zod'
import type { StoredFile } from '#core/files/file'
import { Folder, Tags } from '#core/files/names'

export const FileTriggerConfig = z.strictObject({
  folder: Folder.optional().describe('Only what is uploaded to this folder, or below it.'),
  content_type: z
    .string()
    .regex(/^[\w.+-]+\/(\*|[\w.+-]+)$/)
    .optional()
    .describe('Only files of this type: `application/pdf`, or `image/*`.'),
  tags: Tags.optional().describe('Only files that have all of these.'),
})
export type FileTriggerConfig = z.infer<typeof FileTriggerConfig>

/** Whether a file is one that the trigger waits for. */
export function isWanted(
  { folder, content_type, tags = [] }: FileTriggerConfig,
  file: Pick<StoredFile, 'folder' | 'content_type' | 'tags'>,
): boolean {
  if (folder !== undefined && !file.folder.startsWith(folder)) return false
  if (content_type !== undefined && !isOfType(content_type, file.content_type)) return false
  return tags.every((tag) => file.tags.includes(tag))
}

function isOfType(pattern: string, type: string): boolean {
  return pattern.endsWith('/*') ? type.startsWith(pattern.slice(0, -1)) : type === pattern
}
