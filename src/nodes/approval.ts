import { z } from 'zod'
import { YEAR_MS } from '#core/workflow/graph'
import { definePureNode } from '#core/workflow/node-type'

export const approval = definePureNode({
  type: 'approval',
  group: 'flow',
  icon: 'user-check',
  title: { pt: 'Aprovação', en: 'Approval' },
  description: {
    pt: 'Espera que uma pessoa aprove ou recuse; se ninguém decide a tempo, sai por "timeout".',
    en: 'Waits for a person to approve or reject; when nobody decides in time it leaves by "timeout".',
  },
  ports: { in: ['in'], out: ['approved', 'rejected', 'timeout'] },
  config: z.strictObject({
    title: z.string().min(1).max(500),
    message: z.string().max(10_000).nullish(),
    approvers: z
      .array(z.string().min(1).max(320))
      .max(100)
      .default([])
      .describe('Who may decide; nobody named: everybody.'),
    timeout_ms: z.number().min(0).max(YEAR_MS).nullish(),
  }),
  example: {
    config: { title: 'Pedido {{ $input.order }}', approvers: ['ana@example.com'], timeout_ms: 86_400_000 },
    input: { order: 7 },
    output: { decision: 'approved', by: 'ana@example.com', comment: null, at: '2030-01-01T00:00:00.000Z' },
  },
  decide: ({ config: { title, message, approvers, timeout_ms: timeoutMs }, now }) => ({
    kind: 'wait',
    wait: {
      for: 'approval',
      title,
      message: message ?? null,
      approvers,
      until: timeoutMs == null ? null : now + Math.ceil(timeoutMs),
    },
  }),
})
