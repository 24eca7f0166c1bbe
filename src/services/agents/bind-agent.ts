import { z } from 'zod'
import { readConfig } from '#config'
import type { BoundAgent } from '#core/agent/run-agent'
import type { AgentSnapshot } from '#core/agent/snapshot'
import { AppError } from '#core/errors'
import { connectWithin } from '#db/connect'
import { createSandbox } from '#sandbox/client'
import { variablesIn } from '#services/variables/snapshot-variables'
import type { AgentFacts, AgentModels } from './agent-facts.ts'
import { bindTools } from './bind-tools.ts'
import { createRenderer, ExpressionFailed } from './render-settings.ts'

/**
 * An agent ready for its turn: instructions rendered, tools bound to all that they may touch. Secrets are opened when a
 * tool sends them.
 *
 * @param models also asked by the agents that it asks
 * @throws AppError `agent_instructions_failed`, `agent_tool_failed`, `variables_too_large`; DatabaseUnavailable
 */
export async function bindAgent(
  env: Env,
  models: AgentModels,
  snapshot: AgentSnapshot,
  facts: AgentFacts,
): Promise<BoundAgent> {
  const { workspaceId } = facts
  const db = connectWithin(env, workspaceId)
  const vars = await variablesIn(
    { db, principal: { workspaceId } },
    JSON.stringify([snapshot.instructions, snapshot.tools.map(({ config }) => config)]),
  )
  const sandbox = createSandbox(env.SANDBOX, workspaceId)
  const input = { agent: { id: snapshot.id, name: snapshot.name }, ...facts.input }
  const renderer = createRenderer(sandbox, { input, vars, now: new Date(facts.startedAt).toISOString() })
  const instructions = await renderInstructions(renderer, snapshot)
  const tools = await bindTools(
    { env, config: readConfig(env), models, sandbox, facts, bind: bindAgent },
    snapshot,
    renderer,
  )
  const { temperature, top_p: topP, max_tokens: maxTokens, limits } = snapshot
  return {
    models: snapshot.models,
    instructions: instructions === '' ? undefined : instructions,
    settings: { temperature: temperature ?? undefined, topP: topP ?? undefined, maxTokens: maxTokens ?? undefined },
    tools,
    output: snapshot.output_schema ?? undefined,
    limits: {
      maxSteps: limits.max_steps,
      maxTokens: limits.max_tokens_per_turn ?? undefined,
      maxCost: limits.max_cost_per_turn ?? undefined,
    },
  }
}

async function renderInstructions(
  renderer: ReturnType<typeof createRenderer>,
  { name, instructions }: AgentSnapshot,
): Promise<string> {
  try {
    const rendered = await renderer.render({ instructions }, { texts: ['instructions'] })
    return z.string().parse(rendered['instructions'])
  } catch (error) {
    if (!(error instanceof ExpressionFailed)) throw error
    const { expression, message: reason } = error
    throw new AppError('agent_instructions_failed', { params: { name, expression, reason } })
  }
}
