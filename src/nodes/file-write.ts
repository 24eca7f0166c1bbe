import { z } from 'zod'
import { Folder, Tags } from '#core/files/names'
import { AnyJson } from '#core/json'
import { nodeError, NodeFailure } from '#core/workflow/node-error'
import { defineEffectNode, emit } from '#core/workflow/node-type'
import type { Json } from '#lib/json'

const Config = z.strictObject({
  name: z.string().min(1).max(1_000),
  content: AnyJson.describe('Text as it is; anything else as JSON.'),
  content_type: z.string().max(200).optional().describe('Believed only where the bytes leave it open.'),
  encoding: z.enum(['text', 'base64']).default('text').describe('`base64`: the text stands for bytes.'),
  folder: Folder.default(''),
  tags: Tags.default([]),
})
type Config = z.infer<typeof Config>

export const fileWrite = defineEffectNode({
  type: 'file.write',
  group: 'io',
  icon: 'file-plus',
  title: { pt: 'Gravar arquivo', en: 'Write file' },
  description: {
    pt: 'Grava um arquivo no workspace, um por visita, e devolve o que se sabe dele: id, nome, tamanho, endereço.',
    en: 'Writes a file into the workspace, one for each visit, and gives what is known of it: id, name, size, address.',
  },
  ports: { in: ['in'], out: ['out'] },
  config: Config,
  example: {
    config: { name: 'pedido-{{ $input.id }}.json', content: '{{ $input }}', folder: 'pedidos' },
    input: { id: 7, total: 245 },
    output: {
      id: '018f0000-0000-7000-8000-000000000004',
      filename: 'pedido-7.json',
      folder: 'pedidos/',
      content_type: 'application/json',
      size: 20,
      sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
      tags: [],
      url: 'https://synapscale.example/api/v1/files/018f0000-0000-7000-8000-000000000004/download',
    },
  },
  async run(ports, { config }) {
    const { name, content, content_type: said, folder, tags } = config
    const type = said ?? (typeof content === 'string' ? undefined : 'application/json')
    const order = { name, content: bytesOf(config), folder, tags }
    return emit(await ports.files.write({ ...order, ...(type === undefined ? {} : { content_type: type }) }))
  },
})

function bytesOf({ content, encoding }: Pick<Config, 'content' | 'encoding'>): Uint8Array {
  if (encoding === 'text' || typeof content !== 'string') return new TextEncoder().encode(textOf(content))
  try {
    return Uint8Array.from(atob(content), (char) => char.charCodeAt(0))
  } catch {
    throw new NodeFailure(nodeError('config_invalid', { reason: 'content: base64' }))
  }
}

function textOf(content: Json | undefined): string {
  return typeof content === 'string' ? content : JSON.stringify(content ?? null)
}
