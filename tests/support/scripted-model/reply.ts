/** What a scripted provider is told to answer, whatever the wire format. */
import { z } from 'zod'

const Usage = z.object({
  prompt_tokens: z.number(),
  completion_tokens: z.number(),
  total_tokens: z.number().optional(),
  /** Of the prompt: read from a cache. */
  cached_tokens: z.number().optional(),
})
export type ScriptedUsage = z.infer<typeof Usage>

/** A whole answer: text word by word, then the calls. */
const answer = {
  text: z.string().default(''),
  reasoning: z.string().optional(),
  calls: z.array(z.object({ id: z.string(), name: z.string(), input: z.json() })).default([]),
  /** In OpenAI's words: stop, length, tool_calls, content_filter; null for an end that is never said. */
  finishReason: z.string().nullable().optional(),
  /** Null: the provider does not count. */
  usage: Usage.nullable().optional(),
}

/** One answer of the scripted provider. */
export const ScriptedReply = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('text'), ...answer, text: z.string() }),
  z.object({ kind: z.literal('tools'), ...answer }),
  /** An HTTP error with the wire format's error body, or a body of its own. */
  z.object({
    kind: z.literal('error'),
    status: z.number(),
    message: z.string().optional(),
    body: z.string().optional(),
    headers: z.record(z.string(), z.string()).optional(),
  }),
  /** 200 with any body. */
  z.object({ kind: z.literal('raw'), body: z.string() }),
  /** Headers, the first half of the answer when it has one, and nothing more, until the client goes away. */
  z.object({ kind: z.literal('stall'), ...answer }),
  /** The first half of the answer at once, the rest when it is released. */
  z.object({ kind: z.literal('hold'), ...answer }),
  /** The whole answer, a word every so many milliseconds. */
  z.object({ kind: z.literal('paced'), ...answer, everyMs: z.number() }),
  /** The first half of the answer, and then the provider says that something went wrong. */
  z.object({ kind: z.literal('broken'), ...answer, message: z.string() }),
  /** The connection is reset: before the headers, or in the middle of the answer. */
  z.object({ kind: z.literal('cut'), after: z.enum(['nothing', 'half']), ...answer }),
])
export type ScriptedReply = z.input<typeof ScriptedReply>
export type ParsedReply = z.output<typeof ScriptedReply>
export type ScriptedAnswer = Pick<
  Extract<ParsedReply, { kind: 'tools' }>,
  'text' | 'reasoning' | 'calls' | 'finishReason' | 'usage'
>

/** One wire format: how an answer is written as server-sent events, and how an error is. */
export interface ScriptedWire {
  /** The model that a request names, or undefined when it speaks another format. */
  readModel(path: string, body: unknown): string | undefined
  toEvents(answer: ScriptedAnswer, model: string): readonly string[]
  /** An error in the middle of a stream. */
  toErrorEvent(message: string): string
  /** The body of an HTTP error. */
  toError(status: number, message: string): string
}

export const DEFAULT_USAGE: ScriptedUsage = { prompt_tokens: 7, completion_tokens: 5, total_tokens: 12 }

export function wordsOf(text: string): readonly string[] {
  return Array.from(text.matchAll(/\s*\S+\s*/g), ([word]) => word)
}

/** How an answer ends when nothing else is said. */
export function endOf({ calls, finishReason }: ScriptedAnswer): string | null {
  if (finishReason !== undefined) return finishReason
  return calls.length > 0 ? 'tool_calls' : 'stop'
}
