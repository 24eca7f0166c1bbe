import type { Config } from '#config'
import type { StoredFile } from '#core/files/file'
import type { Tables } from '#db/schema'

export type FileRow = Tables['files']['$inferSelect']

/** A row as clients see it. */
export function toFile({ PUBLIC_URL }: Pick<Config, 'PUBLIC_URL'>, row: FileRow): StoredFile {
  const { id, filename, folder, content_type, size, sha256, tags, category, metadata, origin, created_by } = row
  return {
    id,
    filename,
    folder,
    content_type,
    size,
    sha256,
    tags,
    category,
    metadata,
    origin,
    url: `${PUBLIC_URL.replace(/\/$/, '')}/api/v1/files/${id}/download`,
    created_by,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  }
}
