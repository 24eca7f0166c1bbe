import { z } from 'zod'
import { ToolFailure } from '#core/agent/tool'
import { defineTool, type FileScope, type ListedFile, offerTool } from '#core/agent/tool-type'
import { isTextType } from '#core/files/kinds'
import { Folder } from '#core/files/names'
import type { JsonObject } from '#lib/json'

/** What one call gives: with its escapes it fits into a tool's output. */
const PART_BYTES = 30_000
const MAX_LISTED = 100
const MAX_OFFSET = 10_000_000_000

export const readFile = defineTool({
  type: 'read_file',
  icon: 'file-text',
  title: { pt: 'Ler arquivos', en: 'Read files' },
  description: {
    pt: 'Lista e lê arquivos de texto do workspace: todos, os de uma pasta, ou só os que se escolhe.',
    en: 'Lists and reads text files of the workspace: all of them, those of a folder, or only those that one chooses.',
  },
  config: z.strictObject({
    file_ids: z.array(z.uuid()).min(1).max(100).optional().describe('Only these'),
    folder: Folder.optional().describe('Only what lies in this folder, or below it'),
    purpose: z.string().max(1_000).optional().describe('What the model is told that the files are'),
  }),
  references: { file_ids: 'file' },
  example: { folder: 'manuais/', purpose: 'The manuals of our products' },
  offer: ({ files }, { file_ids: ids, folder, purpose }) => {
    const scope: FileScope = { ids, folder }
    return [
      offerTool({
        name: 'read_file',
        description: [
          'Reads a text file, a part at a time; without file_id it lists the files that there are.',
          ...(purpose === undefined ? [] : [`The files: ${purpose}`]),
        ].join(' '),
        input: z.object({
          file_id: z.uuid().optional(),
          offset: z.int().min(0).max(MAX_OFFSET).default(0).describe('In bytes: next_offset of the part before'),
          search: z.string().max(200).optional().describe('For the list: part of the name'),
        }),
        async run({ file_id: id, offset, search }) {
          if (id === undefined) {
            const found = await files.list(scope, { search: search === '' ? undefined : search, limit: MAX_LISTED })
            return { files: found.map(toView), has_more: found.length === MAX_LISTED }
          }
          const { bytes, ...file } = await files.read(scope, id, { offset, length: PART_BYTES })
          if (!isTextType(file.contentType)) {
            const { filename, contentType } = file
            throw new ToolFailure('file_unreadable', `${filename} is ${contentType}: only text can be read here.`)
          }
          const isLast = offset + bytes.byteLength >= file.size
          const whole = isLast ? bytes : bytes.subarray(0, wholeLength(bytes))
          const text = new TextDecoder().decode(whole)
          const part: JsonObject = { ...toView(file), offset, text }
          return isLast ? part : { ...part, next_offset: offset + whole.byteLength }
        },
      }),
    ]
  },
})

function toView({ id, filename, folder, contentType, size }: ListedFile): JsonObject {
  return { file_id: id, filename, folder, content_type: contentType, size }
}

/** Without the beginning of a character whose end is in the next part. */
function wholeLength(bytes: Uint8Array): number {
  const limit = Math.max(bytes.byteLength - 4, 0)
  for (let index = bytes.byteLength - 1; index >= limit; index -= 1) {
    const byte = bytes[index] ?? 0
    if (byte < 0x80) return bytes.byteLength
    if (byte < 0xc0) continue
    const width = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
    return index + width <= bytes.byteLength ? bytes.byteLength : index
  }
  return bytes.byteLength
}
