import { AnyJsonObject } from '#core/json'
import { createEvaluation, type Scope } from '#core/workflow/evaluate'
import type { FieldKinds } from '#core/workflow/fields'
import { NodeFailure } from '#core/workflow/node-error'
import { findPrograms } from '#core/workflow/programs'
import { renderConfig, TemplateError, toAnswers } from '#core/workflow/render'
import { createBatch, type Sandbox } from '#core/workflow/sandbox'
import type { Json, JsonObject } from '#lib/json'

/** An expression of an agent's settings that gave no value; `message` says why. */
export class ExpressionFailed extends Error {
  override readonly name = 'ExpressionFailed'
  readonly expression: string

  constructor(expression: string, reason: string) {
    super(reason)
    this.expression = expression
  }
}

export interface Renderer {
  /**
   * An object with every `{{ … }}` evaluated.
   *
   * @param secrets what stands for each secret that it names
   * @throws ExpressionFailed
   */
  render(
    settings: JsonObject,
    kinds: FieldKinds,
    secrets?: Readonly<Record<string, string>>,
  ): Promise<Record<string, Json>>
}

/** Evaluates the expressions of one turn: as in a node's config, without a run around them. */
export function createRenderer(
  sandbox: Sandbox,
  facts: { readonly input: JsonObject; readonly vars: Readonly<Record<string, string>>; readonly now: string },
): Renderer {
  return {
    async render(settings, kinds, secrets = {}) {
      const scope: Scope = {
        $input: facts.input,
        $trigger: null,
        $nodes: {},
        $vars: facts.vars,
        $secrets: secrets,
        $execution: undefined,
        $workflow: undefined,
        $now: facts.now,
      }
      try {
        const programs = findPrograms(settings, kinds)
        const answers = programs.length === 0 ? [] : await sandbox.evaluate(createBatch(programs, scope))
        const rendered = renderConfig(settings, kinds, createEvaluation(scope), toAnswers(programs, answers))
        return AnyJsonObject.parse(rendered)
      } catch (error) {
        if (error instanceof TemplateError) throw new ExpressionFailed(error.expression, error.message)
        if (error instanceof NodeFailure) throw new ExpressionFailed('{{ … }}', error.error.message)
        throw error
      }
    },
  }
}
