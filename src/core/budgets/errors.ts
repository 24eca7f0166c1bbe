import { type ErrorKind, kind } from '#core/error-kind'
import type { Params, Sentence } from '#core/messages'

/** What can go wrong with budgets, and because of them. */
export const BUDGET_ERRORS = {
  budget_exceeded: kind(
    409,
    'O orçamento "{name}" já gastou os seus US$ {limit}: nenhum modelo que ele cobre é chamado antes de {until}.',
    'The budget "{name}" has spent its US$ {limit}: no model that it covers is asked before {until}.',
  ),
  too_many_budgets: kind(
    409,
    'Este workspace já tem {limit} orçamentos.',
    'This workspace has {limit} budgets already.',
  ),
} as const satisfies Record<string, ErrorKind>

export const BUDGET_PROBLEMS = {
  no_target: {
    pt: 'Um orçamento do workspace inteiro não tem alvo.',
    en: 'A budget of the whole workspace has no target.',
  },
  target_missing: {
    pt: 'Diga o id do agente, do workflow ou do membro, ou o modelo como provedor/modelo.',
    en: 'Give the id of the agent, workflow or member, or the model as provider/model.',
  },
  not_a_member: {
    pt: '{email} não é o e-mail confirmado de um membro deste workspace.',
    en: '{email} is not the confirmed address of a member of this workspace.',
  },
} as const satisfies Record<string, Sentence>

/** A model is not asked, since a budget with `hard_stop` is spent. Another model may be. */
export class BudgetExceeded extends Error {
  override readonly name = 'BudgetExceeded'
  readonly code = 'budget_exceeded'
  readonly retryable = false
  readonly params: Params

  /** @param limit US dollars; `until`: when the next period begins */
  constructor(params: { readonly name: string; readonly limit: number; readonly until: string }) {
    super(`the budget ${params.name} is spent`)
    this.params = params
  }
}
