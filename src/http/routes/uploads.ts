import { StoredFile } from '#core/files/file'
import { Upload, UploadInput } from '#core/files/upload'
import { IdempotencyHeader, readIdempotency } from '#http/idempotency'
import { ById } from '#http/paging'
import { createRoutes, route } from '#http/route'
import { abortUpload } from '#services/files/abort-upload'
import { completeUpload } from '#services/files/complete-upload'
import { createUpload } from '#services/files/create-upload'
import { findUpload } from '#services/files/find-upload'

const postUpload = route({
  method: 'post',
  path: '/files/uploads',
  tag: 'files',
  summary: { pt: 'Começar um envio em partes', en: 'Begin an upload in parts' },
  description: {
    pt: 'Cada parte vai por PUT ao endereço dela, em qualquer ordem, quantas ao mesmo tempo for; por fim `complete`.',
    en: 'Each part goes by PUT to its address, in any order, as many at once as you like; at the end `complete`.',
  },
  permission: 'files:write',
  headers: IdempotencyHeader,
  body: UploadInput,
  answers: { 201: Upload },
  errors: [
    'file_too_large',
    'storage_quota_exceeded',
    'storage_unavailable',
    'too_many_uploads',
    'upload_over',
    'idempotency_key_reused',
  ],
})

const getUpload = route({
  method: 'get',
  path: '/files/uploads/{id}',
  tag: 'files',
  summary: { pt: 'Ler o que já chegou, para continuar', en: 'Read what has come, to go on' },
  permission: 'files:write',
  params: ById,
  answers: { 200: Upload },
})

const postComplete = route({
  method: 'post',
  path: '/files/uploads/{id}/complete',
  tag: 'files',
  summary: { pt: 'Fazer das partes um arquivo', en: 'Make a file of the parts' },
  permission: 'files:write',
  params: ById,
  answers: { 200: StoredFile },
  errors: [
    'upload_incomplete',
    'upload_over',
    'checksum_mismatch',
    'file_too_large',
    'storage_quota_exceeded',
    'storage_unavailable',
  ],
})

const removeUpload = route({
  method: 'delete',
  path: '/files/uploads/{id}',
  tag: 'files',
  summary: { pt: 'Desistir de um envio', en: 'Give an upload up' },
  permission: 'files:write',
  params: ById,
  answers: { 204: null },
  errors: ['storage_unavailable'],
})

/** Uploads in parts. */
export const uploadRoutes = createRoutes()
  .openapi(postUpload, async (c) =>
    c.json(await createUpload(c.var.ctx, c.req.valid('json'), await readIdempotency(c)), 201),
  )
  .openapi(getUpload, async (c) => c.json(await findUpload(c.var.ctx, c.req.valid('param').id), 200))
  .openapi(postComplete, async (c) => c.json(await completeUpload(c.var.ctx, c.req.valid('param').id), 200))
  .openapi(removeUpload, async (c) => {
    await abortUpload(c.var.ctx, c.req.valid('param').id)
    return c.body(null, 204)
  })
