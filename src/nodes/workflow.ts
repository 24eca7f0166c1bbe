import { z } from 'zod'
import { AnyJsonObject } from '#core/json'
import { defineEffectNode, emit } from '#core/workflow/node-type'

export const workflowNode = defineEffectNode({
  type: 'workflow',
  group: 'flow',
  icon: 'workflow',
  title: { pt: 'Subworkflow', en: 'Sub-workflow' },
  description: {
    pt: 'Executa outro workflow e espera a saída dele, ou o inicia e segue. Se ele falha, o nó falha.',
    en: 'Executes another workflow and waits for its output, or starts it and goes on. When it fails, the node fails.',
  },
  ports: { in: ['in'], out: ['out'] },
  startsExecution: true,
  references: { workflow_id: 'workflow' },
  config: z.strictObject({
    workflow_id: z.uuid(),
    inputs: AnyJsonObject.default({}),
    wait: z.boolean().default(true).describe('false: goes on at once with { "execution_id" }.'),
  }),
  example: {
    config: { workflow_id: '018f0000-0000-7000-8000-000000000002', inputs: { order: '{{ $input.id }}' }, wait: false },
    input: { id: 7 },
    output: { execution_id: '018f0000-0000-7000-8000-000000000003' },
  },
  async run(ports, { config: { workflow_id: workflowId, inputs, wait } }) {
    const { executionId } = await ports.startExecution({ workflowId, inputs })
    if (!wait) return emit({ execution_id: executionId })
    return { kind: 'wait', wait: { for: 'execution', execution_id: executionId, workflow_id: workflowId, until: null } }
  },
})
