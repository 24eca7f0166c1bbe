import type { z } from 'zod'
import type { Sentence } from '#core/messages'
import type { Json } from '#lib/json'
import type { FieldKinds } from './fields.ts'
import type { Sandbox } from './sandbox.ts'

export const NODE_GROUPS = ['triggers', 'flow', 'data', 'ai', 'io'] as const
export type NodeGroup = (typeof NODE_GROUPS)[number]

/** What a visit ended with: one value, carried on by every edge that leaves from one of `handles`. */
export interface Emission {
  readonly output: Json
  readonly handles: readonly string[]
}

/** What a node is given for one visit. */
export interface NodeInput<Config> {
  /** Its config with every `{{ … }}` evaluated, parsed by its schema. */
  readonly config: Config
  /** The value on the incoming edge; with several edges an object by source id. */
  readonly input: Json
  /** What started the execution. */
  readonly trigger: Json
}

export type ModelRequest = {
  /** `provider/model` */
  readonly model: string
  readonly system?: string
  readonly temperature?: number
  readonly maxTokens?: number
} & (
  | { readonly prompt: string; readonly messages?: undefined }
  | {
      readonly messages: readonly { readonly role: 'system' | 'user' | 'assistant'; readonly content: string }[]
      readonly prompt?: undefined
    }
)

export interface ModelAnswer {
  readonly text: string
  readonly usage: { readonly input_tokens: number; readonly output_tokens: number; readonly total_tokens: number }
  readonly finish_reason: string
  readonly model: string
}

/** All that an effectful node may touch. Each port throws errors that the engine turns into the node's failure. */
export interface NodePorts {
  /** Through the outbound gate, with a stable `Idempotency-Key` (P6) and this visit's deadline. */
  fetch(url: string, init?: RequestInit): Promise<Response>
  generate(request: ModelRequest): Promise<ModelAnswer>
  /** What a JSON Schema has against a value; nothing, if it is valid. */
  readonly validate: Sandbox['validate']
  /** Aborted at the visit's deadline and when the execution is cancelled. */
  readonly signal: AbortSignal
}

interface NodeDescription<Config extends z.ZodType> extends FieldKinds {
  readonly type: string
  readonly group: NodeGroup
  /** A name of the Lucide icon set. */
  readonly icon: string
  readonly title: Sentence
  readonly description: Sentence
  readonly ports: { readonly in: readonly string[]; readonly out: readonly string[] }
  /** Fields may hold `{{ … }}`; the schema describes what they evaluate to. */
  readonly config: Config
  readonly example: { readonly config: Json; readonly input: Json; readonly output: Json }
}

/** A node that only looks at its input: performed inside the actor's transaction, unless its config needs the sandbox. */
export interface PureNodeType<Config extends z.ZodType> extends NodeDescription<Config> {
  // Methods, not function properties: they compare bivariantly, so that any node type fits into the catalog.
  decide(node: NodeInput<z.infer<Config>>): Emission
}

/** A node that does something in the world: at least once, with a deadline. */
export interface EffectNodeType<Config extends z.ZodType> extends NodeDescription<Config> {
  run(ports: NodePorts, node: NodeInput<z.infer<Config>>): Promise<Emission>
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
  return { output, handles: handles.length === 0 ? ['out'] : handles }
}
