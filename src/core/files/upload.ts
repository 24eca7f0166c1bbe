/** How files come in: in one request as a form, or in parts. */
import { z } from 'zod'
import { FileFields, StoredFile } from './file.ts'
import { MAX_FILE_BYTES } from './kinds.ts'
import { Folder, Tags } from './names.ts'

/** R2 takes parts from 5 MiB on, all of one size but the last, and at most 10,000 of them. */
export const PART_BYTES = 8 * 1024 * 1024

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** `["a","b"]`, or `a, b`. */
const TagsText = z
  .string()
  .transform((text) => {
    const value = jsonOr(text)
    return Array.isArray(value)
      ? value
      : text
          .split(',')
          .map((tag) => tag.trim())
          .filter((tag) => tag !== '')
  })
  .pipe(Tags)

const MetadataText = z
  .string()
  .transform((text) => (text.trim() === '' ? {} : jsonOr(text)))
  .pipe(FileFields.shape.metadata)

/** The fields of the form beside `file`, in any order: all are texts. `path` is another name of `folder`. */
export const UploadFields = z
  .strictObject({
    filename: FileFields.shape.filename.optional(),
    folder: Folder.optional(),
    path: Folder.optional(),
    tags: TagsText.optional(),
    category: z.string().trim().max(100).optional(),
    metadata: MetadataText.optional(),
  })
  .transform(({ path, folder = path, ...fields }) => ({ folder, ...fields }))
export type UploadFields = z.infer<typeof UploadFields>

/** Empty in the form that the document's pages show: they would send their samples. */
const optional = (description: string) => z.string().optional().meta({ description, example: '' })

/** The form, for the document. */
export const UploadForm = z.strictObject({
  file: z.string().meta({ format: 'binary', description: 'The file.' }),
  filename: optional('Instead of the one that the file brings.'),
  folder: optional('Names separated by `/`; `path` says the same.'),
  tags: optional('Separated by commas, or a JSON list.'),
  category: optional('Free for you.'),
  metadata: optional('A JSON object.'),
})

export const UploadInput = z
  .strictObject({
    filename: FileFields.shape.filename,
    size: z
      .int()
      .min(1)
      .max(MAX_FILE_BYTES)
      .describe('In bytes: every part has `part_size` of them, the last the rest.'),
    folder: Folder.default(''),
    tags: Tags.default([]),
    category: FileFields.shape.category.default(null),
    metadata: FileFields.shape.metadata.default({}),
    content_type: z.string().max(200).optional().describe('Believed only where the bytes leave it open.'),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional()
      .describe('When given, completing fails for other bytes.'),
  })
  .meta({ id: 'UploadInput' })
export type UploadInput = z.infer<typeof UploadInput>

const Part = z.object({
  number: z.int().describe('From 1.'),
  size: z.int(),
  url: z.url().describe('Takes a PUT of the bytes, without a token, until `expires_at`.'),
  received: z.boolean(),
})

/** An upload in parts: what has come and what is missing, so that it can go on after a cut. */
export const Upload = z
  .object({
    id: z.uuid(),
    filename: z.string(),
    size: z.int(),
    part_size: z.int(),
    parts: z.array(Part),
    expires_at: z.iso.datetime().describe('Then what came is thrown away; each part that comes moves it.'),
    file: StoredFile.nullable().describe('Once it is complete.'),
  })
  .meta({ id: 'Upload' })
export type Upload = z.infer<typeof Upload>
