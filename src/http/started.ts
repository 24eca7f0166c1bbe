/** What every operation takes and answers that starts an execution. */
import { z } from '@hono/zod-openapi'
import { Execution } from '#core/workflow/execution'

const MAX_WAIT_SECONDS = 60

export const Started = z
  .object({ execution_id: z.uuid(), status: Execution.shape.status, websocket_url: z.url() })
  .meta({ id: 'ExecutionStarted' })

export const Wait = z.object({
  wait: z.coerce
    .number()
    .min(0)
    .max(MAX_WAIT_SECONDS)
    .optional()
    .meta({ description: 'Seconds to wait for the end: 200 with the finished execution, else 202.' }),
})
