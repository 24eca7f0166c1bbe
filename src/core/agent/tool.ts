import type { TurnCost } from '#core/chat/message'
import type { Json } from '#lib/json'
import type { ToolSpec } from './model.ts'

/** One call of a tool, as the tool sees it. */
export interface ToolCall {
  /** The model's name for it; unique within a turn. */
  readonly callId: string
  readonly input: Json
  /** Aborted when the turn is stopped. */
  readonly signal: AbortSignal
  /** The same whenever this call is performed again: for requests to other systems (P6). */
  readonly idempotencyKey: string
  /** Tells watchers how far it is. */
  progress(progress: Json): void
  /** Counts what the tool itself has asked of models towards the turn. */
  spend(cost: TurnCost): void
}

/** A tool bound to its agent's settings and to all that it may touch: the loop calls it and knows nothing else of it. */
export type BoundTool = ToolSpec &
  (
    | {
        /** `approval`: a person says yes or no first, however long that takes. */
        readonly asks?: 'approval' | undefined
        /**
         * At least once for each call.
         *
         * @throws ToolFailure with what the model is told; anything else ends the turn
         */
        run(call: ToolCall): Promise<Json>
      }
    /** Answered from outside: by the person, or by the client whose tool it is. */
    | { readonly asks: 'answer'; readonly run?: undefined }
  )

/** What the model is told instead of an output. */
export class ToolFailure extends Error {
  override readonly name = 'ToolFailure'
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}
