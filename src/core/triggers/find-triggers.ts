/** The triggers of a graph that fire by themselves, with their settings. */
import { z } from 'zod'
import { type Definition, readGraph } from '#core/workflow/graph'
import { explainPart } from '#core/workflow/explain-part'
import type { GraphProblem } from '#core/workflow/problems'
import { isJsonObject } from '#lib/json'
import { ChatTriggerConfig } from './chat-trigger.ts'
import { ExecutionTriggerConfig } from './execution.ts'
import { FileTriggerConfig } from './file-trigger.ts'
import { ScheduleConfig } from './schedule.ts'
import { WebhookConfig } from './webhook.ts'

export const TRIGGER_KINDS = ['webhook', 'schedule', 'execution', 'file', 'chat'] as const

const Settings = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('webhook'), config: WebhookConfig }),
  z.object({ kind: z.literal('schedule'), config: ScheduleConfig }),
  z.object({ kind: z.literal('execution'), config: ExecutionTriggerConfig }),
  z.object({ kind: z.literal('file'), config: FileTriggerConfig }),
  z.object({ kind: z.literal('chat'), config: ChatTriggerConfig }),
])

export type GraphTrigger = z.infer<typeof Settings> & { readonly nodeId: string }

interface FoundTriggers {
  readonly triggers: readonly GraphTrigger[]
  /** Their settings are read outside of a run, where no template can be evaluated. */
  readonly problems: readonly GraphProblem[]
}

export function findTriggers(definition: Definition): FoundTriggers {
  const triggers: GraphTrigger[] = []
  const problems: GraphProblem[] = []
  for (const node of readGraph(definition).nodes) {
    const kind = TRIGGER_KINDS.find((one) => node.type === `trigger.${one}`)
    if (kind === undefined || node.data['disabled'] === true) continue
    const config = isJsonObject(node.data['config']) ? node.data['config'] : {}
    const parsed = Settings.safeParse({ kind, config })
    if (parsed.success) triggers.push({ ...parsed.data, nodeId: node.id })
    else
      problems.push(
        ...explainPart(parsed.error.issues, {
          code: 'bad_config',
          at: '/data',
          value: { kind, config },
          nodeId: node.id,
        }),
      )
  }
  return { triggers, problems }
}
