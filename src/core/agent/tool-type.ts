/** Kinds of tools, as `src/tools` writes them: one file each, all in its `catalog.ts`. */
import { z } from 'zod'
import { AnyJsonObject } from '#core/json'
import { type Locale, say, type Sentence } from '#core/messages'
import type { FieldKinds } from '#core/workflow/fields'
import type { ReferenceFields } from '#core/workflow/references'
import type { Json, JsonObject } from '#lib/json'
import type { Usage } from './model.ts'
import { type ToolCall, ToolFailure } from './tool.ts'

export interface ToolRequest {
  readonly url: string
  readonly method?: string
  readonly headers?: HeadersInit
  readonly body?: string | null
  readonly signal: AbortSignal
  /** Milliseconds for the whole exchange. */
  readonly timeoutMs: number
  /** Of the body. */
  readonly maxBytes: number
  /** `manual` hands a redirect back instead of following it. */
  readonly redirect?: 'follow' | 'manual'
}

export interface WorkflowOrder {
  readonly workflowId: string
  readonly inputs: JsonObject
  /** Milliseconds that its end is waited for. */
  readonly waitMs: number
}

/** An execution that a tool started: over, or going on. */
export interface WorkflowAnswer {
  readonly executionId: string
  readonly status: string
  readonly output: Json
  /** Why it failed. */
  readonly error: string | null
}

/** What an agent answered that was asked by a tool or a node. */
export interface AgentAnswer {
  readonly text: string
  /** The text as JSON, where the agent has an output schema. */
  readonly object: Json | undefined
  readonly usage: Usage
  /** US dollars; null where a price is not known. */
  readonly cost: number | null
  readonly finish_reason: string
  readonly model: string
}

/** Tools of a server elsewhere. */
export interface RemoteTools {
  list(): Promise<readonly { readonly name: string; readonly description: string; readonly inputSchema: JsonObject }[]>
  call(
    name: string,
    input: JsonObject,
    call: Pick<ToolCall, 'signal' | 'idempotencyKey'> & { readonly timeoutMs: number },
  ): Promise<Json>
}

/** Which of the workspace's files a tool may read: all of them where it says neither. */
export interface FileScope {
  readonly ids?: readonly string[] | undefined
  /** As `Folder` parses it; what lies below counts. */
  readonly folder?: string | undefined
}

export interface ListedFile {
  readonly id: string
  readonly filename: string
  readonly folder: string
  readonly contentType: string
  /** Bytes. */
  readonly size: number
}

/** Files of the workspace, within a scope: what lies outside of it does not exist. */
export interface ToolFiles {
  /** The newest first, at most `limit`. */
  list(
    scope: FileScope,
    filter: { readonly search?: string | undefined; readonly limit: number },
  ): Promise<readonly ListedFile[]>
  /** A file and some of its bytes; none behind its end. */
  read(
    scope: FileScope,
    id: string,
    range: { readonly offset: number; readonly length: number },
  ): Promise<ListedFile & { readonly bytes: Uint8Array }>
}

/** All that a tool may touch. Each port throws a ToolFailure for what the model should know. */
export interface ToolPorts {
  /** Unix milliseconds. */
  now(): number
  /** Through the outbound gate, with the secrets in the places of their stand-ins, and without them in the answer. */
  fetch(request: ToolRequest): Promise<Response>
  /** The body of a function, run in the sandbox, that sees `input` as `$input`. */
  runCode(code: string, input: Json): Promise<Json>
  /** Starts a published workflow, once for each call. */
  runWorkflow(order: WorkflowOrder, call: ToolCall): Promise<WorkflowAnswer>
  /** An MCP server; the session lasts as long as the turn. `timeoutMs` of one request. */
  openMcp(server: {
    readonly url: string
    readonly headers: Readonly<Record<string, string>>
    readonly timeoutMs: number
  }): RemoteTools
  readonly files: ToolFiles
  /** One turn of another agent. */
  askAgent(order: { readonly agentId: string; readonly message: string }, call: ToolCall): Promise<AgentAnswer>
}

/** A tool that its type offers a model; without `run` it is answered from outside. */
export interface OfferedTool {
  readonly name: string
  readonly description: string
  readonly inputSchema: JsonObject
  readonly run?: (call: ToolCall) => Promise<Json>
}

export interface ToolType<Config extends z.ZodType> extends Pick<FieldKinds, 'secrets'> {
  readonly type: string
  /** A name of the Lucide icon set. */
  readonly icon: string
  readonly title: Sentence
  readonly description: Sentence
  /** Fields may hold `{{ … }}`; the schema describes what they evaluate to. */
  readonly config: Config
  readonly example: JsonObject
  /** Fields of its config that are ids of other things of the workspace. */
  readonly references?: ReferenceFields
  /** It offers many: the agent's name for it is put before theirs. */
  readonly many?: true
  /** What the model is offered. A method, so that any type fits into the catalog. */
  offer(ports: ToolPorts, config: z.infer<Config>): readonly OfferedTool[] | Promise<readonly OfferedTool[]>
}

export type AnyToolType = ToolType<z.ZodType>
export type ToolCatalog = Readonly<Record<string, AnyToolType>>

/** Keeps the types of config and body together while the literal is written. */
export function defineTool<Config extends z.ZodType>(type: ToolType<Config>): ToolType<Config> {
  return type
}

/** A tool whose input a schema describes and checks: what does not fit goes back to the model, with what is wrong. */
export function offerTool<Input extends z.ZodType>(tool: {
  readonly name: string
  readonly description: string
  readonly input: Input
  run(input: z.infer<Input>, call: ToolCall): Promise<Json>
}): OfferedTool {
  const { name, description, input } = tool
  const run = (call: ToolCall): Promise<Json> => tool.run(readInput(input, call.input), call)
  return { name, description, inputSchema: toInputSchema(input), run }
}

/** JSON Schema of what a model sends. */
export function toInputSchema(input: z.ZodType): JsonObject {
  const { $schema: _, ...schema } = z.toJSONSchema(input, { io: 'input', unrepresentable: 'any' })
  return AnyJsonObject.parse(schema)
}

function readInput<Input extends z.ZodType>(schema: Input, input: Json): z.infer<Input> {
  // Models leave out the object where nothing is asked of them.
  const parsed = schema.safeParse(input === null || input === '' ? {} : input)
  if (parsed.success) return parsed.data
  throw toInputFailure(
    parsed.error.issues.map(({ path, message }) => ({ path: `/${path.map(String).join('/')}`, message })),
  )
}

const MAX_TOLD = 10

/** What the model is told of an input that does not fit. */
export function toInputFailure(problems: readonly { readonly path: string; readonly message: string }[]): ToolFailure {
  const told = problems.slice(0, MAX_TOLD).map(({ path, message }) => `${path}: ${message}`)
  return new ToolFailure('invalid_input', `The input does not fit. ${told.join('; ')}`)
}

/** A kind of tool as editors get it. */
export const ToolTypeView = z
  .object({
    type: z.string(),
    icon: z.string().describe('A name of the Lucide icon set.'),
    title: z.string(),
    description: z.string(),
    config: AnyJsonObject.describe('JSON Schema of the config; any text may hold {{ expressions }}.'),
    secrets: z.array(z.string()).describe('Fields of the config that may hold `$secrets.NAME`.'),
    example: AnyJsonObject,
  })
  .meta({ id: 'ToolType' })
export type ToolTypeView = z.infer<typeof ToolTypeView>

/** A kind of tool in a reader's language. */
export function toToolTypeView(type: AnyToolType, locale: Locale): ToolTypeView {
  return {
    type: type.type,
    icon: type.icon,
    title: say(type.title, locale),
    description: say(type.description, locale),
    config: AnyJsonObject.parse(z.toJSONSchema(type.config, { io: 'input', unrepresentable: 'any' })),
    secrets: [...(type.secrets ?? [])],
    example: type.example,
  }
}
