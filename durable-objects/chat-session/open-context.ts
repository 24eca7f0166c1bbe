import { readConfig } from '#config'
import type { ModelMessage, Models, UserContent } from '#core/agent/model'
import type { BoundAgent } from '#core/agent/run-agent'
import { ModelError } from '#llm/errors'
import { openWindow, windowTokens, withSummary } from '#core/chat/context-window'
import { toModelHistory, untilTurn } from '#core/chat/history'
import type { ChatMessage } from '#core/chat/message'
import type { ChatHeader, Turn } from '#core/chat/turn'
import { MAX_MODEL_FILES_BYTES } from '#core/files/model-file'
import { describeError, logLine } from '#lib/log'
import { knownModels } from '#llm/known-models'
import { actorFileCtx } from '#services/files/file-ctx'
import { type FileBudget, openModelFile } from '#services/files/open-model-file'
import { type Summary, summarize } from '#services/agents/summarize'

/** Messages that have fallen out of the window and are given nonetheless, so that not every turn sums up anew. */
const SLACK_MESSAGES = 10

/** What stands for the messages up to one of them. */
export interface KeptSummary {
  readonly upTo: string
  readonly text: string
}

export interface ContextPorts {
  readonly models: Models
  readonly signal: AbortSignal
  readonly summary: () => KeptSummary | undefined
  /** Keeps it, and what it cost. */
  readonly keep: (kept: KeptSummary, made: Summary) => void
}

/**
 * What the model is given of the chat: the latest messages that fit, and a summary of the older ones where the agent
 * has one made. A summary that fails is done without.
 *
 * @param messages those that stand, in reading order
 */
export async function openContext(
  env: Env,
  header: ChatHeader,
  turn: Turn,
  agent: BoundAgent,
  messages: readonly ChatMessage[],
  ports: ContextPorts,
): Promise<readonly ModelMessage[]> {
  const memory = turn.agent?.memory
  const known = knownModels(readConfig(env).LLM_MODELS).find(agent.models[0])
  const tokens = windowTokens({
    contextTokens: known?.context_tokens ?? null,
    maxTokens: agent.settings.maxTokens,
    instructions: agent.instructions,
    tools: agent.tools,
  })
  const said = untilTurn(messages, turn.id)
  const { kept, older } = openWindow(said, { messages: memory?.messages ?? said.length, tokens })
  const toHistory = async (some: readonly ChatMessage[]) => {
    const files = await openFiles(env, header, turn, some)
    return toModelHistory(some, ({ file_id }) => files.get(file_id))
  }
  if (memory?.summarize !== true || older.length === 0) return toHistory(kept)
  const former = formerOf(older, ports.summary())
  const unknown = older.slice(older.findIndex(({ id }) => id === former?.upTo) + 1)
  if (unknown.length <= SLACK_MESSAGES) {
    return withSummary(former?.text ?? null, await toHistory([...unknown, ...kept]))
  }
  const text = await sumUp(agent, former, unknown, ports)
  return withSummary(text, await toHistory(kept))
}

/** The files of the messages, read; the latest first, as long as there is room. */
async function openFiles(
  env: Env,
  { chatId, workspaceId }: ChatHeader,
  { userId }: Turn,
  messages: readonly ChatMessage[],
): Promise<ReadonlyMap<string, UserContent>> {
  const ctx = actorFileCtx(env, { workspaceId, userId }, chatId)
  const opened = new Map<string, UserContent>()
  const budget: FileBudget = { left: MAX_MODEL_FILES_BYTES }
  const parts = messages.flatMap((message) => message.parts.filter((part) => part.type === 'file'))
  for (const part of parts.toReversed()) {
    if (opened.has(part.file_id)) continue
    opened.set(part.file_id, await openModelFile(ctx, part, budget))
  }
  return opened
}

/** The summary, unless what it knows was superseded since. Ids sort by time: what is older than all is only gone from here. */
function formerOf(older: readonly ChatMessage[], summary: KeptSummary | undefined): KeptSummary | undefined {
  const isThere = older.some(({ id }) => id === summary?.upTo)
  const isBefore = summary !== undefined && summary.upTo < (older[0]?.id ?? '')
  return isThere || isBefore ? summary : undefined
}

async function sumUp(
  agent: BoundAgent,
  former: KeptSummary | undefined,
  older: readonly ChatMessage[],
  { models, signal, keep }: ContextPorts,
): Promise<string | null> {
  const previous = former?.text ?? null
  try {
    const made = await summarize(models, agent.models, { previous, older }, signal)
    const last = older.at(-1)
    if (last !== undefined) keep({ upTo: last.id, text: made.text }, made)
    return made.text
  } catch (error) {
    if (!(error instanceof ModelError)) throw error
    logLine('warn', { event: 'summary_failed', error: describeError(error) })
    return previous
  }
}
