import type { Config } from '#config'
import type { AgentSnapshot, ToolSetting } from '#core/agent/snapshot'
import { type BoundTool, ToolFailure } from '#core/agent/tool'
import type { AnyToolType, OfferedTool } from '#core/agent/tool-type'
import { AppError } from '#core/errors'
import { secretsOf } from '#core/workflow/node-secrets'
import type { Sandbox } from '#core/workflow/sandbox'
import { limitOutput } from '#core/agent/limit-output'
import { toolCatalog } from '#tools/catalog'
import type { AgentFacts, AgentModels, Bind } from './agent-facts.ts'
import { ExpressionFailed, type Renderer } from './render-settings.ts'
import { toldRun } from './told-tool.ts'
import { createToolPorts } from './tool-ports.ts'

/** What all tools of one turn share. */
export interface Binding {
  readonly env: Env
  readonly config: Config
  readonly models: AgentModels
  readonly sandbox: Sandbox
  readonly facts: AgentFacts
  readonly bind: Bind
}

const MAX_NAME_LENGTH = 64

/**
 * The agent's tools, bound: names that providers take and that differ, configs rendered, outputs bounded.
 *
 * @throws AppError `agent_tool_failed`
 */
export async function bindTools(
  binding: Binding,
  { id, tools }: AgentSnapshot,
  renderer: Renderer,
): Promise<readonly BoundTool[]> {
  const bound = await Promise.all(tools.map((setting) => bindTool(binding, id, setting, renderer)))
  const taken = new Set<string>()
  return bound.flat().map((tool) => ({ ...tool, name: freeName(tool.name, taken) }))
}

async function bindTool(
  binding: Binding,
  agentId: string | null,
  setting: ToolSetting,
  renderer: Renderer,
): Promise<readonly BoundTool[]> {
  const type: AnyToolType | undefined = Object.entries(toolCatalog).find(([name]) => name === setting.type)?.[1]
  const label = setting.name ?? setting.type
  if (type === undefined) throw refusal(label, `unknown type ${setting.type}`)
  const names = secretsOf({ config: setting.config }, type)
  const standIns = Object.fromEntries(names.map((name) => [name, `secret_${crypto.randomUUID().replaceAll('-', '')}_`]))
  try {
    const rendered = await renderer.render(setting.config, {}, standIns)
    const config = type.config.safeParse(rendered)
    if (!config.success) {
      throw refusal(label, config.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '))
    }
    const offered = await type.offer(createToolPorts(binding, agentId, standIns), config.data)
    return offered.map((tool) => toBound(binding, tool, setting, type))
  } catch (error) {
    if (error instanceof ExpressionFailed) throw refusal(label, `${error.expression}: ${error.message}`)
    if (error instanceof ToolFailure) throw refusal(label, error.message)
    throw error
  }
}

function refusal(tool: string, reason: string): AppError {
  return new AppError('agent_tool_failed', { params: { tool, reason: reason.slice(0, 500) } })
}

function toBound({ env, facts }: Binding, tool: OfferedTool, setting: ToolSetting, type: AnyToolType): BoundTool {
  const { inputSchema, run } = tool
  const name = type.many === true ? [setting.name, tool.name].filter(Boolean).join('_') : (setting.name ?? tool.name)
  const told = { name, description: setting.description ?? tool.description, inputSchema }
  const needsPerson = run === undefined || setting.needs_approval
  if (needsPerson && !facts.hasPerson) return { ...told, run: () => Promise.reject(nobodyThere(name)) }
  if (run === undefined) return { ...told, asks: 'answer' }
  return {
    ...told,
    ...(setting.needs_approval && { asks: 'approval' }),
    run: toldRun(env, told, facts.trace, async (call) => limitOutput(await run(call))),
  }
}

function nobodyThere(name: string): ToolFailure {
  return new ToolFailure('nobody_to_ask', `${name} needs a person, and nobody can be asked here. Go on without it.`)
}

/** Letters, digits, `_` and `-` are what all providers take. */
function freeName(wanted: string, taken: Set<string>): string {
  const plain = wanted.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, MAX_NAME_LENGTH) || 'tool'
  let name = plain
  for (let number = 2; taken.has(name); number += 1) name = `${plain.slice(0, MAX_NAME_LENGTH - 5)}_${number}`
  taken.add(name)
  return name
}
