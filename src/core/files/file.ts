import { z } from 'zod'
import { AnyJsonObject } from '#core/json'
import { cleanFilename, Folder, Tags } from './names.ts'

/** Who put a file here: only what people and programs upload starts workflows. */
export const FILE_ORIGINS = ['upload', 'workflow', 'chat', 'agent'] as const
export const FileOrigin = z.enum(FILE_ORIGINS)
export type FileOrigin = z.infer<typeof FileOrigin>

/** Older clients keep what they like here. */
const Metadata = AnyJsonObject.refine((value) => JSON.stringify(value).length <= 16_384, '16 KiB at most')
const Category = z.string().trim().max(100)
const Filename = z.string().trim().min(1).max(1_000).transform(cleanFilename)

export const StoredFile = z
  .object({
    id: z.uuid(),
    filename: z.string(),
    folder: z.string().describe('Ends with `/`; empty at the top.'),
    content_type: z.string().describe('Found in the bytes, not what the client said.'),
    size: z.int().describe('In bytes.'),
    sha256: z.string().describe('Of the bytes, in hex.'),
    tags: z.array(z.string()),
    category: z.string().nullable(),
    metadata: AnyJsonObject,
    origin: FileOrigin,
    url: z.url().describe('The bytes, for whoever has a token; `/files/{id}/url` gives a link that needs none.'),
    created_by: z.uuid().nullable(),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'File' })
export type StoredFile = z.infer<typeof StoredFile>

/** What can be said of a file besides its bytes. */
export const FileFields = z.object({
  filename: Filename,
  folder: Folder,
  tags: Tags,
  category: Category.nullable(),
  metadata: Metadata,
})

export const FilePatch = z.strictObject(FileFields.shape).partial().meta({ id: 'FilePatch' })
export type FilePatch = z.infer<typeof FilePatch>

export const FileFilter = z.object({
  search: z.string().trim().min(1).max(200).optional().describe('Part of the name.'),
  tag: z.string().trim().min(1).max(50).optional(),
  folder: Folder.optional().describe('What lies in this folder, or below it.'),
  content_type: z
    .string()
    .regex(/^[\w.+-]+\/(\*|[\w.+-]+)$/)
    .optional()
    .describe('`application/pdf`, or `image/*`.'),
  category: z.string().max(100).optional(),
  origin: FileOrigin.optional(),
})
export type FileFilter = z.infer<typeof FileFilter>

const MINUTE_S = 60
const DAY_S = 24 * 60 * MINUTE_S

export const LinkOptions = z.object({
  expires_in: z.coerce
    .number()
    .int()
    .min(10)
    .max(DAY_S)
    .default(5 * MINUTE_S)
    .describe('In seconds.'),
})

export const FileLink = z
  .object({ url: z.url(), expires_in: z.int(), expires_at: z.iso.datetime() })
  .meta({ id: 'FileLink' })
export type FileLink = z.infer<typeof FileLink>

export const FileUsage = z
  .object({
    files: z.int(),
    bytes: z.int(),
    quota_bytes: z.int().nullable().describe('Null for none.'),
    by_kind: z.array(z.object({ kind: z.string(), files: z.int(), bytes: z.int() })),
  })
  .meta({ id: 'FileUsage' })
export type FileUsage = z.infer<typeof FileUsage>
