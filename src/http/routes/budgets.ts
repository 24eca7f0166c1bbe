import { Budget, BudgetFilter, BudgetInput, BudgetPatch } from '#core/budgets/budget'
import { IdempotencyHeader, readIdempotency } from '#http/idempotency'
import { ById, pageOf, Paging } from '#http/paging'
import { createRoutes, route } from '#http/route'
import { createBudget } from '#services/budgets/create-budget'
import { deleteBudget } from '#services/budgets/delete-budget'
import { findBudget } from '#services/budgets/find-budget'
import { listBudgets } from '#services/budgets/list-budgets'
import { updateBudget } from '#services/budgets/update-budget'

const tag = 'budgets'
const one = { path: '/budgets/{id}', tag, params: ById } as const

const getBudgets = route({
  method: 'get',
  path: '/budgets',
  tag,
  summary: { pt: 'Listar os orçamentos e quanto já se gastou', en: 'List budgets and what has been spent of them' },
  permission: 'budgets:read',
  query: Paging.extend(BudgetFilter.shape),
  answers: { 200: pageOf(Budget).meta({ id: 'BudgetPage' }) },
})

const postBudget = route({
  method: 'post',
  path: '/budgets',
  tag,
  summary: { pt: 'Criar um orçamento', en: 'Create a budget' },
  description: {
    pt: 'Em dólares, por dia, semana ou mês. Conta também o que já se gastou no período corrente. Ao chegar a cada porcentagem avisa os membros por e-mail e quem assina `budget.reached`; com `hard_stop`, no limite os modelos deixam de ser chamados.',
    en: 'In US dollars, a day, week or month. What the current period has taken already counts. At each percentage members are mailed, and whoever subscribes to `budget.reached` is told; with `hard_stop` models are not asked any more at the limit.',
  },
  permission: 'budgets:write',
  headers: IdempotencyHeader,
  body: BudgetInput,
  answers: { 201: Budget },
  errors: ['too_many_budgets', 'idempotency_key_reused', 'misconfigured'],
})

const getBudget = route({
  ...one,
  method: 'get',
  summary: { pt: 'Ler um orçamento e como ele está', en: 'Read a budget and how it stands' },
  permission: 'budgets:read',
  answers: { 200: Budget },
})

const changes = {
  ...one,
  summary: { pt: 'Mudar um orçamento', en: 'Change a budget' },
  description: {
    pt: 'O que ele conta fica: outro alvo ou período é outro orçamento. Aumentar o limite rearma as porcentagens que voltam a estar à frente.',
    en: 'What it counts stays: another target or period is another budget. Raising the limit re-arms the percentages that are ahead again.',
  },
  permission: 'budgets:write',
  body: BudgetPatch,
  answers: { 200: Budget },
  errors: ['misconfigured'],
} as const
const patchBudget = route({ method: 'patch', ...changes })
const putBudget = route({ method: 'put', ...changes })

const removeBudget = route({
  ...one,
  method: 'delete',
  summary: { pt: 'Apagar um orçamento', en: 'Delete a budget' },
  permission: 'budgets:write',
  answers: { 204: null },
})

export const budgetRoutes = createRoutes()
  .openapi(getBudgets, async (c) => c.json(await listBudgets(c.var.ctx, c.req.valid('query')), 200))
  .openapi(postBudget, async (c) =>
    c.json(await createBudget(c.var.ctx, c.req.valid('json'), await readIdempotency(c)), 201),
  )
  .openapi(getBudget, async (c) => c.json(await findBudget(c.var.ctx, c.req.valid('param').id), 200))
  .openapi(patchBudget, async (c) =>
    c.json(await updateBudget(c.var.ctx, c.req.valid('param').id, c.req.valid('json')), 200),
  )
  .openapi(putBudget, async (c) =>
    c.json(await updateBudget(c.var.ctx, c.req.valid('param').id, c.req.valid('json')), 200),
  )
  .openapi(removeBudget, async (c) => {
    await deleteBudget(c.var.ctx, c.req.valid('param').id)
    return c.body(null, 204)
  })
