import { Hono } from 'hono'
import type { AppEnv } from '#http/app-env'
import { answerFile } from '#http/files/answer-file'
import { openLink } from '#services/files/link-file'
import { putPart } from '#services/files/put-part'

/** Where signed links lead: whoever has one needs no token. They are no part of the document. */
export const fileLinkRoutes = new Hono<AppEnv>()
  .put('/files/uploads/:token/:number{[0-9]{1,5}}', async (c) => {
    const length = c.req.header('Content-Length')
    await putPart(c.get('publicCtx'), c.req.param('token'), {
      number: Number(c.req.param('number')),
      length: length === undefined ? undefined : Number(length),
      stream: c.req.raw.body,
    })
    return c.body(null, 204)
  })
  .get('/files/:token', async (c) => answerFile(c.req, await openLink(c.get('publicCtx'), c.req.param('token'))))
