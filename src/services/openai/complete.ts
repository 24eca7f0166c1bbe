import type { AgentEvent } from '#core/agent/event'
import { foldEvent, NOTHING_YET, type TurnProgress } from '#core/agent/fold'
import { type BoundAgent, runAgent, type TurnEnd } from '#core/agent/run-agent'
import { readObject } from '#core/agent/structured'
import type { BoundTool } from '#core/agent/tool'
import { AppError } from '#core/errors'
import { toConversation, UnknownCall } from '#core/openai/history'
import type { CompletionInput } from '#core/openai/input'
import { createSandbox } from '#sandbox/client'
import type { AgentModels } from '#services/agents/agent-facts'
import { bindAgent } from '#services/agents/bind-agent'
import { withinMonth } from '#services/agents/within-month'
import type { Ctx } from '#services/context'
import { openModels } from '#services/llm/open-models'
import { pay, type Paid } from '#services/llm/pay'
import { toModelAppError } from '#services/llm/to-app-error'
import { newId } from '#lib/ids'
import { findModelAgent } from './find-model-agent.ts'
import { createContentReader } from './read-content.ts'

/** What a turn came to. */
export interface Completed {
  readonly progress: TurnProgress
  readonly end: TurnEnd
}

/** A turn of which nothing is kept: the client brings the conversation, and what its own tools gave, with each request. */
export interface Completion {
  /** Its events as they come, and what it came to. What it takes is in the ledger before its end is told. */
  readonly run: () => AsyncGenerator<AgentEvent, Completed>
  /** The answer is to be checked as a whole: its text is not shown before that. */
  readonly isChecked: boolean
  /** Tools that are the client's. */
  readonly clientTools: ReadonlySet<string>
}

/**
 * Prepares a turn: who answers, what was said, which tools there are. The agent's own tools run here; calls of the
 * client's end the turn.
 *
 * @throws AppError `completion_…`, `chat_file_unreadable`, `not_found`, `agent_…`
 */
export async function openCompletion(ctx: Ctx, input: CompletionInput, signal: AbortSignal): Promise<Completion> {
  const { env } = ctx
  const { workspaceId, userId } = ctx.principal
  const snapshot = await findModelAgent(ctx, input.model)
  const { instructions, history } = await readConversation(ctx, input)
  const paid: Paid[] = []
  const open = (agentId: string | null): AgentModels => ({
    ...openModels(env, workspaceId, {
      spender: { agentId, workflowId: null, userId },
      trace: ctx.trace,
      onFinish: (finish) => paid.push({ finish, agentId }),
    }),
    ofAgent: open,
    settle: () => pay(ctx, paid.splice(0)),
  })
  const models = withinMonth(ctx.db, workspaceId, snapshot, open(snapshot.id))
  const facts = { workspaceId, userId, startedAt: ctx.now(), input: {}, hasPerson: false, trace: ctx.trace }
  const bound = await bindAgent(env, models, snapshot, facts)
  const agent = withInput(bound, input, instructions)
  const { output } = agent
  const { validate } = createSandbox(env.SANDBOX, workspaceId)
  const check = async (text: string) =>
    output === undefined ? undefined : (await readObject(validate, output, text)).problems
  const key = newId()
  const ports = {
    models,
    signal,
    check,
    progress: () => undefined,
    idempotencyKey: (callId: string) => `${key}/${encodeURIComponent(callId)}`,
  }

  async function* run(): AsyncGenerator<AgentEvent, Completed> {
    ctx.turn.end()
    let progress = NOTHING_YET
    try {
      const turn = runAgent(ports, agent, history, progress)
      let next = await turn.next()
      while (next.done !== true) {
        progress = foldEvent(progress, next.value)
        yield next.value
        next = await turn.next()
      }
      await pay(ctx, paid.splice(0))
      return { progress, end: next.value }
    } catch (error) {
      throw toModelAppError(ctx, error)
    } finally {
      await pay(ctx, paid.splice(0))
    }
  }

  const clientTools = new Set((input.tools ?? []).map((tool) => tool.function.name))
  return { run, isChecked: output !== undefined, clientTools }
}

async function readConversation(ctx: Ctx, input: CompletionInput) {
  try {
    return await toConversation(input, createContentReader(ctx))
  } catch (error) {
    if (!(error instanceof UnknownCall)) throw error
    throw new AppError('completion_call_unknown', { params: { index: error.index } })
  }
}

/** The agent with what the client asks for, within the agent's own limits. */
function withInput(agent: BoundAgent, input: CompletionInput, instructions: string): BoundAgent {
  const { settings } = agent
  const asked = input.max_completion_tokens ?? input.max_tokens ?? undefined
  const { stop } = input
  return {
    ...agent,
    instructions: [agent.instructions, instructions].filter((text) => text !== undefined && text !== '').join('\n\n'),
    settings: {
      temperature: input.temperature ?? settings.temperature,
      topP: input.top_p ?? settings.topP,
      maxTokens: asked === undefined ? settings.maxTokens : Math.min(asked, settings.maxTokens ?? Infinity),
      stop: typeof stop === 'string' ? [stop] : (stop ?? undefined),
    },
    tools: [...agent.tools, ...toBound(agent, input)],
    toolChoice: toToolChoice(input),
    output: toOutput(input) ?? agent.output,
  }
}

function toBound({ tools: known }: BoundAgent, { tools, tool_choice: choice }: CompletionInput): BoundTool[] {
  if (choice === 'none') return []
  return (tools ?? []).map(
    ({ function: { name, description = '', parameters = { type: 'object', properties: {} } } }) => {
      if (known.some((tool) => tool.name === name)) throw new AppError('completion_tool_taken', { params: { name } })
      return { name, description, inputSchema: parameters, asks: 'answer' }
    },
  )
}

function toToolChoice({ tool_choice: choice }: CompletionInput): BoundAgent['toolChoice'] {
  if (choice == null || choice === 'none') return undefined
  return typeof choice === 'string' ? choice : { tool: choice.function.name }
}

function toOutput({ response_format: format }: CompletionInput): BoundAgent['output'] {
  if (format == null || format.type === 'text') return undefined
  return format.type === 'json_object' ? { type: 'object' } : (format.json_schema.schema ?? { type: 'object' })
}
