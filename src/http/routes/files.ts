import { FileFilter, FileLink, FilePatch, FileUsage, LinkOptions, StoredFile } from '#core/files/file'
import { UploadForm } from '#core/files/upload'
import { answerFile } from '#http/files/answer-file'
import { receiveForm } from '#http/files/receive-form'
import { IdempotencyHeader, readIdempotency } from '#http/idempotency'
import { ById, pageOf, Paging } from '#http/paging'
import { createRoutes, route } from '#http/route'
import { z } from '@hono/zod-openapi'
import { deleteFile } from '#services/files/delete-file'
import { findFile } from '#services/files/find-file'
import { linkFile } from '#services/files/link-file'
import { listFiles } from '#services/files/list-files'
import { measureUsage } from '#services/files/measure-usage'
import { openFile } from '#services/files/open-file'
import { updateFile } from '#services/files/update-file'

const getFiles = route({
  method: 'get',
  path: '/files',
  tag: 'files',
  summary: { pt: 'Listar os arquivos, do mais novo ao mais antigo', en: 'List the files, newest first' },
  permission: 'files:read',
  query: Paging.extend(FileFilter.shape),
  answers: { 200: pageOf(StoredFile).meta({ id: 'FilePage' }) },
})

const postUpload = route({
  method: 'post',
  path: '/files/upload',
  tag: 'files',
  summary: { pt: 'Enviar um arquivo', en: 'Upload a file' },
  description: {
    pt: 'Os bytes passam em fluxo. Acima de 100 MB, e onde a conexão cai, use `POST /files/uploads`.',
    en: 'The bytes stream through. Beyond 100 MB, and where connections drop, use `POST /files/uploads`.',
  },
  permission: 'files:write',
  headers: IdempotencyHeader,
  form: UploadForm,
  answers: { 201: StoredFile },
  errors: ['file_too_large', 'storage_quota_exceeded', 'storage_unavailable', 'upload_over', 'idempotency_key_reused'],
})

const getUsage = route({
  method: 'get',
  path: '/files/usage',
  tag: 'files',
  summary: { pt: 'Ler quanto o workspace guarda', en: 'Read how much the workspace keeps' },
  permission: 'files:read',
  answers: { 200: FileUsage },
})

const getFile = route({
  method: 'get',
  path: '/files/{id}',
  tag: 'files',
  summary: { pt: 'Ler o que se sabe de um arquivo', en: 'Read what is known of a file' },
  permission: 'files:read',
  params: ById,
  answers: { 200: StoredFile },
})

const changes = {
  path: '/files/{id}',
  tag: 'files',
  summary: { pt: 'Renomear, mover ou marcar um arquivo', en: 'Rename, move or tag a file' },
  permission: 'files:write',
  params: ById,
  body: FilePatch,
  answers: { 200: StoredFile },
} as const
const patchFile = route({ method: 'patch', ...changes })
const putFile = route({ method: 'put', ...changes })

const removeFile = route({
  method: 'delete',
  path: '/files/{id}',
  tag: 'files',
  summary: { pt: 'Apagar um arquivo', en: 'Delete a file' },
  permission: 'files:write',
  params: ById,
  answers: { 204: null },
})

const getDownload = route({
  method: 'get',
  path: '/files/{id}/download',
  tag: 'files',
  summary: { pt: 'Baixar os bytes, ou parte deles (Range)', en: 'Download the bytes, or some of them (Range)' },
  permission: 'files:read',
  params: ById,
  answers: { 200: null, 206: null, 304: null },
  media: { 'application/octet-stream': z.string().meta({ format: 'binary' }) },
  errors: ['range_not_satisfiable', 'storage_unavailable'],
})

const getUrl = route({
  method: 'get',
  path: '/files/{id}/url',
  tag: 'files',
  summary: {
    pt: 'Obter um link que abre o arquivo sem token, por pouco tempo',
    en: 'Get a link that opens the file without a token, for a short while',
  },
  permission: 'files:read',
  params: ById,
  query: LinkOptions,
  answers: { 200: FileLink },
})

/** Files: what people, workflows and chats keep. */
export const fileRoutes = createRoutes()
  .openapi(getFiles, async (c) => c.json(await listFiles(c.var.ctx, c.req.valid('query')), 200))
  .openapi(postUpload, async (c) => c.json(await receiveForm(c, await readIdempotency(c, '')), 201))
  .openapi(getUsage, async (c) => c.json(await measureUsage(c.var.ctx), 200))
  .openapi(getFile, async (c) => c.json(await findFile(c.var.ctx, c.req.valid('param').id), 200))
  .openapi(patchFile, async (c) =>
    c.json(await updateFile(c.var.ctx, c.req.valid('param').id, c.req.valid('json')), 200),
  )
  .openapi(putFile, async (c) => c.json(await updateFile(c.var.ctx, c.req.valid('param').id, c.req.valid('json')), 200))
  .openapi(removeFile, async (c) => {
    await deleteFile(c.var.ctx, c.req.valid('param').id)
    return c.body(null, 204)
  })
  .openapi(getDownload, async (c) => answerFile(c.req, await openFile(c.var.ctx, c.req.valid('param').id)))
  .openapi(getUrl, async (c) => {
    const { expires_in } = c.req.valid('query')
    return c.json(await linkFile(c.var.ctx, c.req.valid('param').id, expires_in), 200)
  })
