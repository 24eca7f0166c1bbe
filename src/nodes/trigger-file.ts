import { FileTriggerConfig } from '#core/triggers/file-trigger'
import { definePureNode, emit } from '#core/workflow/node-type'

const uploaded = {
  type: 'file',
  file: {
    id: '018f0000-0000-7000-8000-000000000004',
    filename: 'nota.pdf',
    folder: 'notas/2026/',
    content_type: 'application/pdf',
    size: 48213,
    sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    tags: ['fiscal'],
    category: null,
    metadata: {},
  },
}

export const triggerFile = definePureNode({
  type: 'trigger.file',
  group: 'triggers',
  icon: 'file-up',
  title: { pt: 'Arquivo enviado', en: 'File uploaded' },
  description: {
    pt: 'Começa quando alguém envia um arquivo que serve, uma vez por arquivo; o que workflows gravam não o dispara. A saída, e `$trigger`, tem o arquivo em `file`.',
    en: 'Begins when somebody uploads a file that fits, once for each; what workflows write does not set it off. Its output, and `$trigger`, has the file in `file`.',
  },
  ports: { in: [], out: ['out'] },
  config: FileTriggerConfig,
  example: { config: { folder: 'notas', content_type: 'application/pdf' }, input: uploaded, output: uploaded },
  decide: ({ trigger }) => emit(trigger),
})
