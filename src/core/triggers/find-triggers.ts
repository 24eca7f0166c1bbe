/** The triggers of a graph that fire by themselves, with their settings. */
import type { z } from 'zod'
import { type Definition, type GraphNode, readGraph } from '#core/workflow/graph'
import { type GraphProblem, toPointer } from '#core/workflow/problems'
import { isJsonObject } from '#lib/json'
import { ExecutionTriggerConfig } from './execution.ts'
import { FileTriggerConfig } from './file-trigger.ts'
import { ScheduleConfig } from './schedule.ts'
import { WebhookConfig } from './webhook.ts'

export const TRIGGER_KINDS = ['webhook', 'schedule', 'execution', 'file'] as const

export type GraphTrigger =
  | { readonly nodeId: string; readonly kind: 'webhook'; readonly config: WebhookConfig }
  | { readonly nodeId: string; readonly kind: 'schedule'; readonly config: ScheduleConfig }
  | { readonly nodeId: string; readonly kind: 'execution'; readonly config: ExecutionTriggerConfig }
  | { readonly nodeId: string; readonly kind: 'file'; readonly config: FileTriggerConfig }

interface FoundTriggers {
  readonly triggers: readonly GraphTrigger[]
  /** Their settings are read outside of a run, where no template can be evaluated. */
  readonly problems: readonly GraphProblem[]
}

export function findTriggers(definition: Definition): FoundTriggers {
  const triggers: GraphTrigger[] = []
  const problems: GraphProblem[] = []
  for (const node of readGraph(definition).nodes) {
    if (node.data['disabled'] === true) continue
    const config = isJsonObject(node.data['config']) ? node.data['config'] : {}
    if (node.type === 'trigger.webhook') {
      const parsed = WebhookConfig.safeParse(config)
      if (parsed.success) triggers.push({ nodeId: node.id, kind: 'webhook', config: parsed.data })
      else problems.push(...toProblems(node, parsed.error))
    }
    if (node.type === 'trigger.schedule') {
      const parsed = ScheduleConfig.safeParse(config)
      if (parsed.success) triggers.push({ nodeId: node.id, kind: 'schedule', config: parsed.data })
      else problems.push(...toProblems(node, parsed.error))
    }
    if (node.type === 'trigger.file') {
      const parsed = FileTriggerConfig.safeParse(config)
      if (parsed.success) triggers.push({ nodeId: node.id, kind: 'file', config: parsed.data })
      else problems.push(...toProblems(node, parsed.error))
    }
    if (node.type === 'trigger.execution') {
      const parsed = ExecutionTriggerConfig.safeParse(config)
      if (parsed.success) triggers.push({ nodeId: node.id, kind: 'execution', config: parsed.data })
      else problems.push(...toProblems(node, parsed.error))
    }
  }
  return { triggers, problems }
}

function toProblems(node: GraphNode, { issues }: z.ZodError): GraphProblem[] {
  return issues.map((issue) => ({
    code: 'bad_config',
    params: { detail: issue.message },
    nodeId: node.id,
    path: toPointer(['data', 'config', ...issue.path]),
  }))
}
