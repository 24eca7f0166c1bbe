import { z } from 'zod'
import { AnyJson } from '#core/json'
import { nodeError, NodeFailure } from '#core/workflow/node-error'
import { definePureNode, emit } from '#core/workflow/node-type'

export const split = definePureNode({
  type: 'split',
  group: 'data',
  icon: 'scissors',
  title: { pt: 'Dividir', en: 'Split' },
  description: {
    pt: 'Divide um texto em linhas (ou por outro separador) ou em pedaços, e uma lista em listas menores.',
    en: 'Splits a text into lines (or at another separator) or into pieces, and a list into smaller lists.',
  },
  ports: { in: ['in'], out: ['out'] },
  config: z.strictObject({
    value: AnyJson.optional().describe('A text or a list; by default the input.'),
    separator: z.string().min(1).optional().describe('Where a text is split; by default at line breaks.'),
    size: z
      .int()
      .min(1)
      .optional()
      .describe('A text: pieces of at most so many characters, cut between words. A list: lists of so many items.'),
    keep_empty: z.boolean().default(false).describe('Keep parts of a text that are empty.'),
  }),
  example: {
    config: { value: '{{ $input.text }}' },
    input: { text: 'um\ndois\n\ntrês\n' },
    output: ['um', 'dois', 'três'],
  },
  decide({ config: { value, separator, size, keep_empty: keepEmpty }, input }) {
    const whole = value ?? input
    if (Array.isArray(whole)) return emit(chunk(whole, size ?? 1))
    if (typeof whole !== 'string') {
      throw new NodeFailure(nodeError('not_text_or_list', { field: 'value' }))
    }
    const parts = separator === undefined && size !== undefined ? [whole] : whole.split(separator ?? /\r\n|\r|\n/)
    const pieces = size === undefined ? parts : parts.flatMap((part) => cutText(part, size))
    return emit(keepEmpty ? pieces : pieces.filter((piece) => piece.trim() !== ''))
  },
})

function chunk<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  )
}

/** Pieces of at most `size` UTF-16 units, cut after the last space that fits, and never within a character. */
function cutText(text: string, size: number): string[] {
  const pieces: string[] = []
  for (let start = 0; start < text.length;) {
    const end = start + size >= text.length ? text.length : cutBefore(text, start, start + size)
    pieces.push(text.slice(start, end))
    start = end
  }
  return text === '' ? [text] : pieces
}

function cutBefore(text: string, start: number, limit: number): number {
  for (let end = limit; end > start; end -= 1) if (/\s/.test(text.charAt(end - 1))) return end
  const splitsPair = (text.charCodeAt(limit - 1) & 0xfc00) === 0xd800
  return splitsPair && limit - 1 > start ? limit - 1 : limit + (splitsPair ? 1 : 0)
}
