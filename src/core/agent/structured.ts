/** Answers that are to be JSON of a schema: asked for, read, checked, and asked for once more when they are not. */
import type { ModelAnswer, ModelRequest } from '#core/workflow/node-type'
import type { Sandbox, SchemaError } from '#core/workflow/sandbox'
import type { Json, JsonObject } from '#lib/json'
import { addUsage } from './fold.ts'

/** Of what is wrong with an answer, this much is told to the model. */
const MAX_COMPLAINTS = 10

/** What a model is told that has no way of its own to be bound to a schema. */
export function toOutputInstruction(schema: JsonObject): string {
  return [
    'Answer with one JSON value that follows this JSON Schema, and with nothing else: no explanation, no code fence.',
    JSON.stringify(schema),
  ].join('\n')
}

/** A model's answer that followed no schema, also when it was asked again. */
export class AnswerInvalid extends Error {
  override readonly name = 'AnswerInvalid'
  /** What is wrong, as near to the place as the validator says. */
  readonly problem: SchemaError

  constructor(problems: Problems) {
    const [first, ...others] = problems
    const problem = others.reduce((deepest, one) => (one.path.length > deepest.path.length ? one : deepest), first)
    super(`the answer does not follow the schema: ${problem.path} ${problem.message}`)
    this.problem = problem
  }
}

interface StructuredPorts {
  readonly generate: (request: ModelRequest) => Promise<ModelAnswer>
  readonly validate: Sandbox['validate']
}

export type StructuredAnswer = ModelAnswer & { readonly object: Json }

/**
 * An answer that follows the schema. One that does not is shown to the model once more, with what is wrong about it.
 *
 * @throws AnswerInvalid, and what the ports throw
 */
export async function generateObject(
  { generate, validate }: StructuredPorts,
  request: ModelRequest,
  schema: JsonObject,
): Promise<StructuredAnswer> {
  const asked: ModelRequest = { ...request, output: schema }
  const first = await generate(asked)
  const read = await readObject(validate, schema, first.text)
  if (read.problems === undefined) return { ...first, object: read.object }
  const second = await generate(askAgain(asked, first.text, read.problems))
  const reread = await readObject(validate, schema, second.text)
  if (reread.problems !== undefined) throw new AnswerInvalid(reread.problems)
  return {
    ...second,
    object: reread.object,
    usage: addUsage(first.usage, second.usage),
    cost: first.cost === null || second.cost === null ? null : first.cost + second.cost,
  }
}

export type Problems = readonly [SchemaError, ...SchemaError[]]

type Read =
  | { readonly object: Json; readonly problems?: undefined }
  | { readonly object?: undefined; readonly problems: Problems }

/** The JSON value in a model's text, and what a schema has against it. */
export async function readObject(validate: Sandbox['validate'], schema: JsonObject, text: string): Promise<Read> {
  const object = parse(text)
  if (object === undefined) return { problems: [{ path: '', message: 'no JSON' }] }
  const [problem, ...others] = await validate(schema, object)
  return problem === undefined ? { object } : { problems: [problem, ...others] }
}

/** Many models put a fence around their JSON, whatever they were told. */
function parse(text: string): Json | undefined {
  const bare = /^\s*```(?:json)?\s*\n([\s\S]*?)\n?\s*```\s*$/i.exec(text)?.[1] ?? text
  try {
    const value: Json = JSON.parse(bare)
    return value
  } catch {
    return undefined
  }
}

/** What a model is told whose answer does not follow the schema. */
export function complainOf(problems: Problems): string {
  return [
    'That does not follow the JSON Schema:',
    ...problems.slice(0, MAX_COMPLAINTS).map(({ path, message }) => `- ${path === '' ? '' : `${path}: `}${message}`),
    'Answer again, with the whole JSON value and nothing else.',
  ].join('\n')
}

function askAgain({ prompt, messages, ...request }: ModelRequest, said: string, problems: Problems): ModelRequest {
  const before = messages ?? [{ role: 'user' as const, content: prompt }]
  return {
    ...request,
    messages: [
      ...before,
      // Some providers refuse an empty message.
      { role: 'assistant', content: said.trim() === '' ? '…' : said },
      { role: 'user', content: complainOf(problems) },
    ],
  }
}
