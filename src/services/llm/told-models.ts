import { readConfig } from '#config'
import type { ModelPart } from '#core/agent/model'
import { BudgetExceeded } from '#core/budgets/errors'
import { hasKnownAddress } from '#core/llm/presets'
import { childTrace, type TraceContext } from '#lib/trace'
import type { AnyModels } from '#llm/models'
import { exportSpan } from '#telemetry/exporter'
import { count } from '#telemetry/metrics'

/** `refused`: a budget is spent, and nothing was asked; `stopped`: whoever asked went away. */
type Outcome = 'completed' | 'failed' | 'refused' | 'stopped'

interface Told {
  readonly provider: string
  readonly model: string
  readonly usage?: { readonly input_tokens: number; readonly output_tokens: number } | undefined
  readonly outcome: Outcome
}

/**
 * The same models, of whose calls operators are told: figures by provider (a model's name may be anybody's), and a span
 * where there is one for it to be under.
 */
export function toldModels(env: object, models: AnyModels, parent: TraceContext | undefined): AnyModels {
  function begin(model: string): (outcome: Outcome, usage?: Told['usage']) => void {
    const startedAt = Date.now()
    return (outcome, usage) => tell(env, parent, { provider: providerOf(env, model), model, usage, outcome }, startedAt)
  }
  return {
    async *stream(call, signal) {
      const end = begin(call.models[0] ?? '')
      let finish: Extract<ModelPart, { type: 'finish' }> | undefined
      // What nobody reads to its end has thrown nothing.
      let outcome: Outcome = 'stopped'
      try {
        for await (const part of models.stream(call, signal)) {
          if (part.type === 'finish') finish = part
          yield part
        }
        outcome = finish === undefined ? 'failed' : 'completed'
      } catch (error) {
        outcome = outcomeOf(error, signal)
        throw error
      } finally {
        end(outcome, finish?.usage)
      }
    },
    async generate(request) {
      const end = begin(request.model)
      try {
        const answer = await models.generate(request)
        end('completed', answer.usage)
        return answer
      } catch (error) {
        end(outcomeOf(error, request.signal))
        throw error
      }
    },
  }
}

function outcomeOf(error: unknown, signal: AbortSignal | undefined): Outcome {
  if (error instanceof BudgetExceeded) return 'refused'
  return signal?.aborted === true ? 'stopped' : 'failed'
}

function tell(env: object, parent: TraceContext | undefined, told: Told, startedAt: number): void {
  const { provider, model, usage, outcome } = told
  count('model_calls', { provider, outcome })
  count('model_tokens', { provider, direction: 'input' }, usage?.input_tokens ?? 0)
  count('model_tokens', { provider, direction: 'output' }, usage?.output_tokens ?? 0)
  if (parent === undefined || outcome === 'refused') return
  const attributes = {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': provider,
    'gen_ai.request.model': model,
    'gen_ai.usage.input_tokens': usage?.input_tokens,
    'gen_ai.usage.output_tokens': usage?.output_tokens,
  }
  const span = { trace: childTrace(parent), parentSpanId: parent.spanId, name: 'chat', kind: 'client' } as const
  // Whoever asks models stays for their answers, so that nothing has to be kept alive for the span.
  exportSpan(env, (work) => void work, {
    ...span,
    startedAt,
    endedAt: Date.now(),
    failed: outcome === 'failed',
    attributes,
  })
}

/** What stands before the slash, where the settings or we know it: anybody may name one that there is not. */
function providerOf(env: object, model: string): string {
  const [id = ''] = model.split('/', 1)
  const isOurs = id === 'demo' || id === 'workers-ai' || hasKnownAddress(id)
  return isOurs || readConfig(env).LLM_PROVIDERS.some((provider) => provider.id === id) ? id : 'other'
}
