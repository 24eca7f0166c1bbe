import type { Catalog } from '#core/workflow/node-type'
import { aggregate } from './aggregate.ts'
import { agentNode } from './agent.ts'
import { classify } from './classify.ts'
import { code } from './code.ts'
import { extract } from './extract.ts'
import { fileRead } from './file-read.ts'
import { fileWrite } from './file-write.ts'
import { filter } from './filter.ts'
import { approval } from './approval.ts'
import { httpRequest } from './http-request.ts'
import { ifNode } from './if.ts'
import { llm } from './llm.ts'
import { loop } from './loop.ts'
import { merge } from './merge.ts'
import { respond } from './respond.ts'
import { setNode } from './set.ts'
import { sort } from './sort.ts'
import { split } from './split.ts'
import { template } from './template.ts'
import { transform } from './transform.ts'
import { triggerChat } from './trigger-chat.ts'
import { triggerFile } from './trigger-file.ts'
import { triggerManual } from './trigger-manual.ts'
import { triggerExecution } from './trigger-execution.ts'
import { triggerSchedule } from './trigger-schedule.ts'
import { triggerWebhook } from './trigger-webhook.ts'
import { validate } from './validate.ts'
import { signal } from './signal.ts'
import { stop } from './stop.ts'
import { switchNode } from './switch.ts'
import { wait } from './wait.ts'
import { whileNode } from './while.ts'
import { workflowNode } from './workflow.ts'

/** Every node type there is: the engine's dispatch, `GET /api/v1/nodes` and the editor's forms come from here. */
export const catalog = {
  'trigger.manual': triggerManual,
  'trigger.webhook': triggerWebhook,
  'trigger.schedule': triggerSchedule,
  'trigger.execution': triggerExecution,
  'trigger.file': triggerFile,
  'trigger.chat': triggerChat,
  if: ifNode,
  switch: switchNode,
  merge,
  loop,
  while: whileNode,
  wait,
  signal,
  approval,
  workflow: workflowNode,
  respond,
  stop,
  set: setNode,
  transform,
  filter,
  sort,
  aggregate,
  split,
  template,
  code,
  validate,
  llm,
  agent: agentNode,
  classify,
  extract,
  'http.request': httpRequest,
  'file.read': fileRead,
  'file.write': fileWrite,
} satisfies Catalog
