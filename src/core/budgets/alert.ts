/** What is said when a budget's threshold is reached. */
import type { WorkspaceEvent } from '#core/events/event'
import { LOCALES, say, type Sentence } from '#core/messages'
import type { Budget } from './budget.ts'

/** A threshold that was reached, with what stood in the budget at that moment. */
export interface BudgetAlert extends Pick<
  Budget,
  'name' | 'scope' | 'target' | 'period' | 'timezone' | 'limit' | 'hard_stop'
> {
  readonly id: string
  readonly budgetId: string
  readonly threshold: number
  /** US dollars. */
  readonly spent: number
  /** ISO 8601. */
  readonly from: string
  readonly to: string
  /** Unix milliseconds. */
  readonly at: number
}

/** Percent of the limit, to a hundredth. */
export function percentOf(spent: number, limit: number): number {
  return Math.round((spent / limit) * 10_000) / 100
}

/** The event of an alert: the same however often it is told. */
export function budgetEvent(alert: BudgetAlert): WorkspaceEvent {
  const { id, budgetId, at, threshold, spent, limit, from, to, ...said } = alert
  const percent = percentOf(spent, limit)
  const { name, scope, target, period, timezone, hard_stop } = said
  const money = { threshold, limit, spent, percent, hard_stop }
  const when = { period, timezone, period_start: from, period_end: to }
  return {
    id: `budget_${id}`,
    type: 'budget.reached',
    at,
    data: { budget_id: budgetId, name, scope, target, ...when, ...money },
  }
}

const SUBJECT: Sentence = {
  pt: 'SynapScale: orçamento "{name}" em {percent} %',
  en: 'SynapScale: budget "{name}" at {percent} %',
}
const TEXT: Sentence = {
  pt: `Olá!

O orçamento "{name}" chegou a {threshold} % do seu limite: US$ {spent} de US$ {limit}, de {from} até {to}.
{outlook}

Você recebe esta mensagem porque um administrador do workspace pôs o seu endereço neste orçamento.`,
  en: `Hello!

The budget "{name}" has reached {threshold} % of its limit: US$ {spent} of US$ {limit}, from {from} until {to}.
{outlook}

You get this message because an administrator of the workspace has put your address into this budget.`,
}
const OUTLOOKS = {
  goes_on: { pt: 'Nada foi interrompido.', en: 'Nothing was stopped.' },
  will_stop: {
    pt: 'Ao chegar a 100 %, os modelos que ele cobre deixam de ser chamados até o fim do período.',
    en: 'At 100 % the models that it covers are not asked any more until the period ends.',
  },
  stopped: {
    pt: 'Até lá os modelos que ele cobre não são chamados.',
    en: 'Until then the models that it covers are not asked.',
  },
} as const satisfies Record<string, Sentence>

/** To somebody whose language nobody knows: both. */
export function writeBudgetMail(alert: BudgetAlert): { readonly subject: string; readonly text: string } {
  const { name, threshold, spent, limit, from, to, hard_stop: stops } = alert
  const outlook = OUTLOOKS[!stops ? 'goes_on' : spent < limit ? 'will_stop' : 'stopped']
  const facts = { name, threshold, percent: percentOf(spent, limit), from: minuteOf(from), to: minuteOf(to) }
  const params = { ...facts, spent: toDollars(spent), limit: toDollars(limit) }
  return {
    subject: LOCALES.map((locale) => say(SUBJECT, locale, params)).join(' / '),
    text: LOCALES.map((locale) => say(TEXT, locale, { ...params, outlook: say(outlook, locale) })).join('\n\n\n'),
  }
}

/** Two digits behind the point, or as many as there are where that would be nothing. */
export function toDollars(amount: number): string {
  return amount >= 0.01 || amount === 0 ? amount.toFixed(2) : String(Number(amount.toFixed(9)))
}

function minuteOf(time: string): string {
  return `${time.slice(0, 16).replace('T', ' ')} UTC`
}
