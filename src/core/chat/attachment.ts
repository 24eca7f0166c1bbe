/** Files that come with a message. */
import { z } from 'zod'

export const MAX_ATTACHMENTS = 20

/** A file of the workspace, by its id alone or as `{ file_id }`. */
export const Attachments = z
  .array(z.union([z.uuid(), z.strictObject({ file_id: z.uuid() })]))
  .max(MAX_ATTACHMENTS)
  .describe("Ids of the workspace's files, or { file_id }")

/** The ids, each once. */
export function toFileIds(attachments: z.infer<typeof Attachments> | null | undefined): readonly string[] {
  const ids = (attachments ?? []).map((one) => (typeof one === 'string' ? one : one.file_id).toLowerCase())
  return [...new Set(ids)]
}

/** A file that a client sends within a message. */
export interface InlineFile {
  readonly filename: string
  readonly contentType: string
  readonly bytes: Uint8Array
}

const DATA_URL = /^data:([\w.+-]+\/[\w.+-]+)?((?:;[\w.+-]+=[^;,]*)*)(;base64)?,/i
const ENDINGS: Readonly<Record<string, string>> = {
  'image/png': 'png',
  'image/jpeg': 'jpg',
  'image/gif': 'gif',
  'image/webp': 'webp',
  'application/pdf': 'pdf',
  'application/json': 'json',
  'text/markdown': 'md',
  'text/csv': 'csv',
}

/** The file in a data URL; undefined for any other URL, and for one that is malformed. */
export function readDataUrl(url: string, filename?: string): InlineFile | undefined {
  const head = DATA_URL.exec(url)
  if (head === null) return undefined
  const [start, type = 'text/plain', , base64] = head
  const contentType = type.toLowerCase()
  const bytes = decode(url.slice(start.length), base64 !== undefined)
  const name = filename ?? `anexo.${Object.hasOwn(ENDINGS, contentType) ? ENDINGS[contentType] : 'txt'}`
  return bytes && { filename: name, contentType, bytes }
}

function decode(data: string, isBase64: boolean): Uint8Array | undefined {
  try {
    if (!isBase64) return new TextEncoder().encode(decodeURIComponent(data))
    return Uint8Array.from(atob(data.replaceAll('%3D', '=')), (char) => char.charCodeAt(0))
  } catch {
    return undefined
  }
}

const OWN = /^\/api\/v1\/files\/([0-9a-f-]{36})\/download$/i

/** The id in the address of a file of ours. */
export function readFileUrl(url: string, publicUrl: string): string | undefined {
  const parsed = URL.parse(url, publicUrl)
  if (parsed === null || parsed.origin !== new URL(publicUrl).origin) return undefined
  return OWN.exec(parsed.pathname)?.[1]?.toLowerCase()
}
