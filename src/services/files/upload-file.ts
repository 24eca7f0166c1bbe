import { createHash } from 'node:crypto'
import { AppError, type InputProblem } from '#core/errors'
import type { StoredFile } from '#core/files/file'
import { cleanFilename } from '#core/files/names'
import type { UploadFields } from '#core/files/upload'
import { newId } from '#lib/ids'
import type { Ctx } from '#services/context'
import { claimId, type Idempotency } from '#services/idempotency/claim-id'
import { deliverFiles } from '#services/triggers/fire-file'
import { discardQuietly } from './discard-blob.ts'
import { seekFileRow } from './find-file.ts'
import { keepFile } from './keep-file.ts'
import { type Blob, receiveBlob } from './receive-blob.ts'
import { toFile } from './to-file.ts'

const FIELD_LIMIT_BYTES = 64 * 1024
const MAX_FIELDS = 20

/** A field of a form, while it comes: its bytes are to be read before the next one. */
export interface FormPart {
  readonly name: string
  readonly filename: string | undefined
  readonly type: string | undefined
  readonly bytes: AsyncIterable<Uint8Array>
}

interface Form {
  readonly parts: AsyncIterable<FormPart>
  /** @throws AppError `validation_failed` */
  readonly parseFields: (fields: Readonly<Record<string, string>>) => UploadFields
}

/** What came under `file`. */
interface Received {
  readonly filename: string
  readonly blob: Blob
}

/**
 * Stores the file of a form. The fields beside it may come before or after it.
 *
 * @throws AppError `validation_failed`; `malformed_form`, also for one that was cut; and as `receiveBlob` and `keepFile`
 */
export async function uploadFile(ctx: Ctx, form: Form, idempotency?: Idempotency): Promise<StoredFile> {
  const minted = newId()
  const id = await claimId(ctx, idempotency, () => minted)
  const known = id === minted ? undefined : await seekFileRow(ctx, id)
  if (known !== undefined) {
    // The first answer, for the same bytes.
    const sha256 = await readForm(form.parts, (part) => hashOf(part.bytes))
    if (sha256.file !== known.sha256) throw new AppError('idempotency_key_reused')
    return toFile(ctx.config, known)
  }
  let stored: Blob | undefined
  const receive = async ({ filename: sent = '', type, bytes }: FormPart): Promise<Received> => {
    const filename = cleanFilename(sent)
    stored = await receiveBlob(ctx, id, bytes, { filename, ...(type === undefined ? {} : { type }) })
    return { filename, blob: stored }
  }
  try {
    const { file, fields } = await readForm(form.parts, receive)
    const {
      filename = file.filename,
      folder = '',
      tags = [],
      category = null,
      metadata = {},
    } = form.parseFields(fields)
    const row = await keepFile(ctx, { id, filename, folder, tags, category, metadata, origin: 'upload' }, file.blob)
    ctx.later(() => deliverFiles({ env: ctx.env, db: ctx.unscopedDb }, id))
    return toFile(ctx.config, row)
  } catch (error) {
    if (stored !== undefined) await discardQuietly(ctx, ctx.principal.workspaceId, stored.id)
    throw error
  }
}

/** Reads a form with one file in it. */
async function readForm<File>(
  parts: AsyncIterable<FormPart>,
  receive: (part: FormPart) => Promise<File>,
): Promise<{ readonly file: File; readonly fields: Readonly<Record<string, string>> }> {
  const fields = new Map<string, string>()
  let received: { readonly file: File } | undefined
  for await (const part of parts) {
    const pointer = `/${part.name}`
    if (part.name === 'file') {
      if (received !== undefined) throw invalid(pointer, ONE_FILE)
      received = { file: await receive(part) }
    } else {
      if (fields.has(part.name) || fields.size === MAX_FIELDS) throw invalid(pointer, REPEATED)
      fields.set(part.name, await textOf(part))
    }
  }
  if (received === undefined) throw invalid('/file', ONE_FILE)
  return { file: received.file, fields: Object.fromEntries(fields) }
}

const ONE_FILE = { pt: 'Envie um arquivo, e um só.', en: 'Send one file, and only one.' }
const REPEATED = { pt: 'Este campo vem mais de uma vez.', en: 'This field comes more than once.' }
const NO_TEXT = { pt: 'Esperava-se um texto curto em UTF-8.', en: 'A short text in UTF-8 was expected.' }

function invalid(pointer: string, sentence: InputProblem['sentence']): AppError {
  return new AppError('validation_failed', { problems: [{ pointer, sentence }] })
}

async function textOf({ name, bytes }: FormPart): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of bytes) {
    size += chunk.byteLength
    if (size > FIELD_LIMIT_BYTES) throw invalid(`/${name}`, NO_TEXT)
    chunks.push(chunk)
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(Buffer.concat(chunks))
    if (!text.includes('\0')) return text
  } catch {
    // Told below.
  }
  throw invalid(`/${name}`, NO_TEXT)
}

async function hashOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of bytes) hash.update(chunk)
  return hash.digest('hex')
}
