import { generateObject } from '#core/agent/structured'
import type { LlmAnswer, LlmChatInput, LlmStreamEvent } from '#core/llm/chat-input'
import type { ModelRequest } from '#core/workflow/node-type'
import { type FinishPart, toModelCall } from '#llm/models'
import { createSandbox } from '#sandbox/client'
import type { Spender } from '#services/budgets/admission'
import type { Ctx } from '#services/context'
import { openModels } from './open-models.ts'
import { pay, type Paid } from './pay.ts'
import { toModelAppError } from './to-app-error.ts'

/**
 * Asks a model once; what it took goes into the ledger before the answer is given.
 *
 * @throws AppError `model_…`, `budget_exceeded`
 */
export async function askModelOnce(ctx: Ctx, input: LlmChatInput, signal: AbortSignal): Promise<LlmAnswer> {
  const { workspaceId } = ctx.principal
  ctx.turn.end()
  const paid: Paid[] = []
  const onFinish = (finish: FinishPart): void => void paid.push({ finish, agentId: null })
  const models = openModels(ctx.env, workspaceId, { spender: spenderOf(ctx), onFinish, trace: ctx.trace })
  const generate = (request: ModelRequest) => models.generate({ ...request, signal })
  try {
    if (input.schema === undefined) return await generate(toRequest(input))
    const sandbox = createSandbox(ctx.env.SANDBOX, workspaceId)
    return await generateObject({ generate, validate: sandbox.validate }, toRequest(input), input.schema)
  } catch (error) {
    throw toModelAppError(ctx, error)
  } finally {
    await pay(ctx, paid)
  }
}

/** The same answer as it comes. The first event is there, or the error thrown, before anything is sent. */
export async function streamModelOnce(
  ctx: Ctx,
  input: LlmChatInput,
  signal: AbortSignal,
): Promise<AsyncGenerator<LlmStreamEvent>> {
  ctx.turn.end()
  const events = streamEvents(ctx, input, signal)
  const first = await events.next()
  return (async function* () {
    if (first.done !== true) yield first.value
    yield* events
  })()
}

async function* streamEvents(ctx: Ctx, input: LlmChatInput, signal: AbortSignal): AsyncGenerator<LlmStreamEvent> {
  const paid: Paid[] = []
  const onFinish = (finish: FinishPart): void => void paid.push({ finish, agentId: null })
  const models = openModels(ctx.env, ctx.principal.workspaceId, { spender: spenderOf(ctx), onFinish, trace: ctx.trace })
  try {
    for await (const part of models.stream(toModelCall(toRequest(input)), signal)) {
      if (part.type === 'finish') {
        await pay(ctx, paid.splice(0))
        const { usage, cost, reason, model } = part
        yield { type: 'finish', usage, cost, finish_reason: reason, model }
      } else if (part.type !== 'tool_call' && part.text !== '') {
        yield { type: part.type, text: part.text }
      }
    }
  } catch (error) {
    throw toModelAppError(ctx, error)
  } finally {
    await pay(ctx, paid)
  }
}

function spenderOf({ principal }: Ctx): Spender {
  return { agentId: null, workflowId: null, userId: principal.userId }
}

function toRequest({ prompt = '', messages, ...input }: LlmChatInput): ModelRequest {
  const { model, fallback_models: fallbacks, system, temperature, max_tokens: maxTokens } = input
  const request = { model, fallbacks, system, temperature, maxTokens }
  return messages === undefined ? { ...request, prompt } : { ...request, messages }
}
