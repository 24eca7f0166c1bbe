import { ExecutionTriggerConfig } from '#core/triggers/execution'
import { definePureNode, emit } from '#core/workflow/node-type'

const ended = {
  type: 'execution',
  execution_id: '018f0000-0000-7000-8000-000000000003',
  workflow_id: '018f0000-0000-7000-8000-000000000002',
  workflow_name: 'Large orders',
  status: 'failed',
  output: null,
  error: { code: 'stopped', message: 'A execução foi parada: no stock' },
  duration_ms: 104,
  finished_at: '2026-11-23T12:00:00.000Z',
}

export const triggerExecution = definePureNode({
  type: 'trigger.execution',
  group: 'triggers',
  icon: 'link',
  title: { pt: 'Outra execução terminou', en: 'Another execution ended' },
  description: {
    pt: 'Começa quando a execução de outro workflow termina. A saída, e `$trigger`, diz qual, como, e com que saída ou erro.',
    en: 'Begins when an execution of another workflow ends. Its output, and `$trigger`, says which, how, and with what output or error.',
  },
  ports: { in: [], out: ['out'] },
  references: { workflow_id: 'workflow' },
  config: ExecutionTriggerConfig,
  example: {
    config: { workflow_id: '018f0000-0000-7000-8000-000000000002', on: ['failed'] },
    input: ended,
    output: ended,
  },
  decide: ({ trigger }) => emit(trigger),
})
