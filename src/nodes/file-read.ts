import { z } from 'zod'
import { nodeError, NodeFailure } from '#core/workflow/node-error'
import { defineEffectNode, emit } from '#core/workflow/node-type'
import { MAX_VALUE_BYTES } from '#core/workflow/limits'
import { type Json, parseJson } from '#lib/json'

const AS = ['text', 'json', 'base64'] as const

export const fileRead = defineEffectNode({
  type: 'file.read',
  group: 'io',
  icon: 'file-text',
  title: { pt: 'Ler arquivo', en: 'Read file' },
  description: {
    pt: 'Lê um arquivo do workspace e devolve o conteúdo: texto em UTF-8, o valor de um JSON, ou base64.',
    en: 'Reads a file of the workspace and gives its content: UTF-8 text, the value of a JSON, or base64.',
  },
  ports: { in: ['in'], out: ['out'] },
  references: { file_id: 'file' },
  config: z.strictObject({
    file_id: z.uuid(),
    as: z.enum(AS).default('text').describe('`base64` for what is no text.'),
  }),
  example: {
    config: { file_id: '018f0000-0000-7000-8000-000000000004', as: 'json' },
    input: null,
    output: { total: 245 },
  },
  async run(ports, { config: { file_id: id, as } }) {
    // Base64 takes four characters for three bytes, text at least one for each.
    const limitBytes = as === 'base64' ? Math.floor((MAX_VALUE_BYTES / 4) * 3) : MAX_VALUE_BYTES
    const { bytes } = await ports.files.read(id, limitBytes)
    return emit(as === 'base64' ? toBase64(bytes) : readText(bytes, id, as))
  },
})

function readText(bytes: Uint8Array, id: string, as: 'text' | 'json'): Json {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes)
    return as === 'json' ? parseJson(text) : text
  } catch {
    throw new NodeFailure(nodeError('file_unreadable', { id, as }))
  }
}

function toBase64(bytes: Uint8Array): string {
  let text = ''
  for (let index = 0; index < bytes.byteLength; index += 8_192) {
    text += String.fromCharCode(...bytes.subarray(index, index + 8_192))
  }
  return btoa(text)
}
