import type { NodePorts } from '#core/workflow/node-type'
import type { RunFacts } from '#core/workflow/open-visit'
import type { Visit } from '#core/workflow/run'
import type { Json } from '#lib/json'
import type { TraceContext } from '#lib/trace'
import type { AgentModels } from '#services/agents/agent-facts'
import { runAgentNode } from '#services/agents/run-agent-node'
import type { NodeHost } from './perform.ts'
import { showText } from './show-text.ts'

interface AgentPortOptions {
  readonly env: Env
  readonly facts: RunFacts
  readonly visit: Pick<Visit, 'node_id' | 'visit' | 'startedAt'> & { readonly trace: TraceContext }
  readonly models: AgentModels
  readonly signal: AbortSignal
  readonly validate: NodePorts['validate']
  readonly host: Pick<NodeHost, 'progress'>
}

/** How a node asks an agent: its text is shown as it comes, and what its tools do has keys of this visit (P6). */
export function createAgentPort(options: AgentPortOptions): NodePorts['askAgent'] {
  const { env, facts, visit, models, signal, validate, host } = options
  const { workspaceId, execution, createdBy, depth = 0, chain = [], workflow } = facts
  return async (request) => {
    const shown = showText((text) => host.progress({ text }), Date.now)
    const turn = {
      models,
      signal,
      validate,
      facts: {
        workspaceId,
        userId: createdBy ?? null,
        startedAt: visit.startedAt,
        depth,
        chain: [...chain, workflow.id],
        trace: visit.trace,
      },
      key: `${execution.id}/${encodeURIComponent(visit.node_id)}/${visit.visit}`,
      onText: (text: string) => shown.add(text),
      progress: (progress: Json) => host.progress(progress),
    }
    const answer = await runAgentNode(env, turn, request)
    shown.end()
    return answer
  }
}
