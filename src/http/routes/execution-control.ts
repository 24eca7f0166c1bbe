/** What people and programs do with a run that is under way, or that failed. */
import { z } from '@hono/zod-openapi'
import { ControlAction, Execution } from '#core/workflow/execution'
import { SignalInput, SignalName, SignalReceipt } from '#core/workflow/waits'
import { IdempotencyHeader, readIdempotency } from '#http/idempotency'
import { ById } from '#http/paging'
import { createRoutes, route } from '#http/route'
import { Started, Wait } from '#http/started'
import { cancelExecution } from '#services/executions/cancel-execution'
import { controlExecution } from '#services/executions/control-execution'
import { pauseExecution } from '#services/executions/pause-execution'
import { resumeExecution } from '#services/executions/resume-execution'
import { retryExecution } from '#services/executions/retry-execution'
import { sendSignal } from '#services/executions/send-signal'
import { toStarted } from '#services/executions/to-started'
import { waitExecution } from '#services/executions/wait-execution'

const control = { method: 'post', tag: 'executions', permission: 'executions:run', params: ById } as const
const telling = { ...control, answers: { 200: Execution }, errors: ['execution_finished'] } as const

const postCancel = route({
  ...telling,
  path: '/executions/{id}/cancel',
  summary: { pt: 'Cancelar uma execução', en: 'Cancel an execution' },
})

const postPause = route({
  ...telling,
  path: '/executions/{id}/pause',
  summary: { pt: 'Pausar uma execução', en: 'Pause an execution' },
  description: {
    pt: 'O que está em curso termina; nada de novo começa. O tempo parado não conta no limite de tempo.',
    en: 'What is in flight ends; nothing new starts. The time it rests does not count against the time limit.',
  },
})

const postResume = route({
  ...telling,
  path: '/executions/{id}/resume',
  summary: { pt: 'Retomar uma execução pausada', en: 'Resume a paused execution' },
})

const postRetry = route({
  ...control,
  path: '/executions/{id}/retry',
  summary: { pt: 'Repetir a partir do nó que falhou', en: 'Retry from the failed node' },
  description: {
    pt: 'Uma nova execução da mesma versão: reaproveita tudo o que já saiu e faz só o que falhou e o que vem depois.',
    en: 'A new execution of the same version: it re-uses every output and performs only what failed and what follows.',
  },
  query: Wait,
  headers: IdempotencyHeader,
  answers: { 200: Execution, 202: Started },
  errors: ['execution_not_retryable', 'workflow_invalid', 'idempotency_key_reused'],
})

const postControl = route({
  ...control,
  path: '/executions/{id}/control',
  summary: { pt: 'Cancelar, pausar, retomar ou repetir', en: 'Cancel, pause, resume or retry' },
  description: {
    pt: 'Para clientes mais antigos: o mesmo que os endereços de cada ação. "retry" responde a nova execução.',
    en: 'For older clients: the same as the addresses of each action. "retry" answers the new execution.',
  },
  headers: IdempotencyHeader,
  body: z.strictObject({ action: ControlAction }),
  answers: { 200: Execution },
  errors: ['execution_finished', 'execution_not_retryable', 'workflow_invalid', 'idempotency_key_reused'],
})

const postSignal = route({
  ...control,
  path: '/executions/{id}/signals/{name}',
  summary: { pt: 'Mandar um sinal a uma execução', en: 'Send a signal to an execution' },
  description: {
    pt: 'Vai ao nó que espera por este nome e esta chave; se nenhum espera ainda, fica guardado.',
    en: 'Goes to the node that waits for this name and key; while none does, it is kept.',
  },
  params: ById.extend({ name: SignalName }),
  headers: IdempotencyHeader,
  body: SignalInput,
  bodyOptional: true,
  answers: { 202: SignalReceipt },
  errors: ['execution_finished', 'signals_full', 'idempotency_key_reused'],
})

export const executionControlRoutes = createRoutes()
  .openapi(postCancel, async (c) => c.json(await cancelExecution(c.var.ctx, c.req.valid('param').id), 200))
  .openapi(postPause, async (c) => c.json(await pauseExecution(c.var.ctx, c.req.valid('param').id), 200))
  .openapi(postResume, async (c) => c.json(await resumeExecution(c.var.ctx, c.req.valid('param').id), 200))
  .openapi(postRetry, async (c) => {
    const { ctx } = c.var
    const started = await retryExecution(ctx, c.req.valid('param').id, await readIdempotency(c))
    const finished = await waitExecution(ctx, started, c.req.valid('query').wait)
    return finished === undefined ? c.json(toStarted(ctx, started), 202) : c.json(finished, 200)
  })
  .openapi(postControl, async (c) => {
    const { action } = c.req.valid('json')
    return c.json(await controlExecution(c.var.ctx, c.req.valid('param').id, action, await readIdempotency(c)), 200)
  })
  .openapi(postSignal, async (c) => {
    const { id, name } = c.req.valid('param')
    return c.json(await sendSignal(c.var.ctx, id, name, c.req.valid('json'), await readIdempotency(c)), 202)
  })
