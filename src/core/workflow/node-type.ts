import type { z } from 'zod'
import type { StoredFile } from '#core/files/file'
import type { AgentAnswer } from '#core/agent/tool-type'
import type { Sentence } from '#core/messages'
import type { FinishReason, ModelFile, Usage } from '#core/agent/model'
import type { Json, JsonObject } from '#lib/json'
import type { LogLevel, RunResponse, Wait } from './event.ts'
import type { FieldKinds } from './fields.ts'
import type { ReferenceFields } from './references.ts'
import type { Sandbox } from './sandbox.ts'

export const NODE_GROUPS = ['triggers', 'flow', 'data', 'ai', 'io'] as const
export type NodeGroup = (typeof NODE_GROUPS)[number]

/** What a visit ended with: one value, carried on by every edge that leaves from one of `handles`. */
export interface Emission<V = Json> {
  readonly kind: 'emit'
  readonly output: V
  readonly handles: readonly string[]
}

/** What a node decides that its visit comes to; `V` is what its values are: JSON, or references too once they are kept. */
export type Decision<V = Json> =
  | Emission<V>
  /** Goes on when what it waits for has come, and costs nothing until then. */
  | { readonly kind: 'wait'; readonly wait: Wait }
  /** Sends each item through `body`; goes on by `done` with what came back. */
  | {
      readonly kind: 'loop'
      readonly items: readonly V[]
      /** Items at once. */
      readonly concurrency: number
      readonly onItemError: 'fail' | 'skip' | 'collect'
    }
  /** Answers whoever started the run, and goes on by `out`. */
  | {
      readonly kind: 'respond'
      readonly response: Omit<RunResponse, 'body'> & { readonly body: V }
      readonly output: V
    }
  /** Ends the execution; `message` says why it failed. */
  | {
      readonly kind: 'finish'
      readonly status: 'completed' | 'failed'
      readonly output: V
      readonly message: string
    }

/** What a node is given for one visit. */
export interface NodeInput<Config> {
  /** Its config with every `{{ … }}` evaluated, parsed by its schema. */
  readonly config: Config
  /** The value on the incoming edge; with several edges an object by source id. */
  readonly input: Json
  /** The same, one by one: what each incoming edge brought, in the graph's order. */
  readonly arrived: readonly Arrived[]
  /** What started the execution. */
  readonly trigger: Json
  /** Unix milliseconds. */
  readonly now: number
}

/** A value that an edge brought, and the node that it comes from. */
export interface Arrived {
  readonly source: string
  readonly value: Json
}

export type ModelRequest = {
  /** `provider/model` */
  readonly model: string
  /** Asked in order when one before is not available. */
  readonly fallbacks?: readonly string[] | undefined
  readonly system?: string | undefined
  readonly temperature?: number | undefined
  readonly maxTokens?: number | undefined
  /** JSON Schema that the text must follow as JSON. */
  readonly output?: JsonObject | undefined
  /** Watchers see the text as it comes, as progress of the node. */
  readonly isShown?: boolean | undefined
  /** Stand with the first thing that the user says. */
  readonly files?: readonly ModelFile[] | undefined
} & (
  | { readonly prompt: string; readonly messages?: undefined }
  | {
      readonly messages: readonly { readonly role: 'system' | 'user' | 'assistant'; readonly content: string }[]
      readonly prompt?: undefined
    }
)

export interface ModelAnswer {
  readonly text: string
  readonly usage: Usage
  /** US dollars; null where no price is known. */
  readonly cost: number | null
  readonly finish_reason: FinishReason
  readonly model: string
}

/** The files of the run's workspace. */
export interface NodeFiles {
  /** A file with its bytes, if they are no more than `limitBytes`. */
  read(
    id: string,
    limitBytes: number,
  ): Promise<Pick<StoredFile, 'filename' | 'content_type'> & { readonly bytes: Uint8Array }>
  /** Stores a file: one for each visit, however often it is asked. */
  write(order: {
    readonly name: string
    readonly content: Uint8Array | AsyncIterable<Uint8Array>
    readonly content_type?: string
    readonly folder?: string
    readonly tags?: readonly string[]
  }): Promise<StoredFile>
}

/** One turn of a stored agent. */
export interface AgentRequest {
  readonly agentId: string
  /** The last one is the user's. */
  readonly messages: readonly { readonly role: 'user' | 'assistant'; readonly content: string }[]
  /** What its instructions see as `$input`. */
  readonly inputs: JsonObject
}

/** All that an effectful node may touch. Each port throws errors that the engine turns into the node's failure. */
export interface NodePorts {
  /**
   * Through the outbound gate, with a stable `Idempotency-Key` (P6) and this visit's deadline.
   *
   * @param limitBytes of the answer, where that is more than an output may have; less where secrets must be taken out
   */
  fetch(url: string, init?: RequestInit, limitBytes?: number): Promise<Response>
  generate(request: ModelRequest): Promise<ModelAnswer>
  /** A whole turn of an agent, with its tools; the text is told to watchers as it comes. */
  askAgent(request: AgentRequest): Promise<AgentAnswer>
  /** What a JSON Schema has against a value; nothing, if it is valid. */
  readonly validate: Sandbox['validate']
  /** Starts another workflow of the workspace: once for each visit, however often it is asked. */
  startExecution(order: {
    readonly workflowId: string
    readonly inputs: Json
  }): Promise<{ readonly executionId: string }>
  readonly files: NodeFiles
  /** Tells watchers, in the log of the execution; beyond a bound for each run nothing more is told. */
  log(level: LogLevel, message: string, data?: Json): void
  /** Tells watchers how far it is. */
  progress(progress: Json): void
  /** Aborted at the visit's deadline and when the execution is cancelled. */
  readonly signal: AbortSignal
}

/** `item`: each item of a loop leaves by it, in a frame of its own. `collect`: what comes back of an item ends here. */
export const HANDLE_ROLES = ['item', 'collect'] as const
export type HandleRole = (typeof HANDLE_ROLES)[number]

interface NodeDescription<Config extends z.ZodType> extends FieldKinds {
  readonly type: string
  readonly group: NodeGroup
  /** A name of the Lucide icon set. */
  readonly icon: string
  readonly title: Sentence
  readonly description: Sentence
  readonly ports: { readonly in: readonly string[]; readonly out: readonly string[] }
  /** Further handles that a config, its templates not yet evaluated, makes it leave by. */
  handlesOf?(config: JsonObject): readonly string[]
  /** Handles at which a loop's items begin and come back. */
  readonly roles?: Readonly<Record<string, HandleRole>>
  /** It starts executions, which are cancelled when its visit is. */
  readonly startsExecution?: true
  /** Fields of its config that are ids of other things of the workspace. */
  readonly references?: ReferenceFields
  /** The only join that makes sense for it; without one the graph says. */
  readonly join?: 'each'
  /** Fields may hold `{{ … }}`; the schema describes what they evaluate to. */
  readonly config: Config
  readonly example: { readonly config: Json; readonly input: Json; readonly output: Json }
}

/** A node that only looks at its input: performed inside the actor's transaction, unless its config needs the sandbox. */
export interface PureNodeType<Config extends z.ZodType> extends NodeDescription<Config> {
  // Methods, not function properties: they compare bivariantly, so that any node type fits into the catalog.
  decide(node: NodeInput<z.infer<Config>>): Decision
}

/** A node that does something in the world: at least once, with a deadline. */
export interface EffectNodeType<Config extends z.ZodType> extends NodeDescription<Config> {
  run(ports: NodePorts, node: NodeInput<z.infer<Config>>): Promise<Decision>
}

export type AnyNodeType = PureNodeType<z.ZodType> | EffectNodeType<z.ZodType>
export type Catalog = Readonly<Record<string, AnyNodeType>>

export function isPure(type: AnyNodeType): type is PureNodeType<z.ZodType> {
  return 'decide' in type
}

/** Keeps the types of config and body together while the literal is written. */
export function definePureNode<Config extends z.ZodType>(type: PureNodeType<Config>): PureNodeType<Config> {
  return type
}

/** Keeps the types of config and body together while the literal is written. */
export function defineEffectNode<Config extends z.ZodType>(type: EffectNodeType<Config>): EffectNodeType<Config> {
  return type
}

/** Emits on `handles`, by default on `out`. */
export function emit(output: Json, ...handles: readonly string[]): Emission {
  return { kind: 'emit', output, handles: handles.length === 0 ? ['out'] : handles }
}
