import { z } from 'zod'
import { ToolFailure } from '#core/agent/tool'
import { defineTool, type OfferedTool, offerTool } from '#core/agent/tool-type'
import { AnyJsonObject } from '#core/json'
import type { JsonObject } from '#lib/json'

export const runWorkflow = defineTool({
  type: 'run_workflow',
  icon: 'workflow',
  title: { pt: 'Executar um workflow', en: 'Run a workflow' },
  description: {
    pt: 'Executa um workflow publicado e devolve a saída dele; o que demora mais que a espera segue rodando.',
    en: 'Runs a published workflow and gives its output; what takes longer than the wait goes on running.',
  },
  config: z.strictObject({
    workflow_id: z.uuid(),
    purpose: z.string().max(1_000).optional().describe('What the model is told that the workflow does'),
    inputs_schema: AnyJsonObject.optional().describe('JSON Schema of the inputs that the model gives'),
    inputs: AnyJsonObject.default({}).describe('Inputs that the model neither sees nor changes'),
    wait_seconds: z.int().min(1).max(600).default(60),
  }),
  references: { workflow_id: 'workflow' },
  example: { workflow_id: '018f0000-0000-7000-8000-000000000002', purpose: 'Registers an order', wait_seconds: 30 },
  offer: (ports, { workflow_id: workflowId, purpose, inputs_schema: schema, inputs: fixed, wait_seconds: seconds }) => {
    const tool = offerTool({
      name: 'run_workflow',
      description: purpose ?? 'Runs a workflow with the inputs that you give, and gives its output.',
      input: z.object({ inputs: AnyJsonObject.default({}) }),
      async run({ inputs }, call) {
        const order = { workflowId, inputs: { ...inputs, ...fixed }, waitMs: seconds * 1_000 }
        const { executionId, status, output, error } = await ports.runWorkflow(order, call)
        if (error !== null) throw new ToolFailure('workflow_failed', `The workflow ended as ${status}: ${error}`)
        return { execution_id: executionId, status, output }
      },
    })
    return [schema === undefined ? tool : withInputs(tool, schema)]
  },
})

/** The owner's schema instead of any object; `$defs` of it would not be found below. */
function withInputs(tool: OfferedTool, given: JsonObject): OfferedTool {
  const { $schema: _, $defs, ...inputs } = given
  const schema = { type: 'object', properties: { inputs }, required: ['inputs'] }
  return { ...tool, inputSchema: $defs === undefined ? schema : { ...schema, $defs } }
}
