import { AppError, type InputProblem } from '#core/errors'
import { type ScopeProblem, toPartialPlan } from '#core/workflow/partial'
import type { Plan } from '#core/workflow/plan'
import { toPointer } from '#core/input/json-pointer'
import type { ExecuteInput } from '#core/workflow/workflow'

type Scope = Pick<ExecuteInput, 'start_at' | 'stop_at' | 'pinned'>

const SENTENCES = {
  unknown_node: { pt: 'O workflow não tem o nó {node}.', en: 'The workflow has no node {node}.' },
  stop_unreachable: {
    pt: 'Nenhum caminho leva do início pedido até o nó {node}.',
    en: 'No path leads from the start asked for to the node {node}.',
  },
} as const satisfies Record<ScopeProblem['code'], InputProblem['sentence']>

/**
 * The part of a plan that somebody asks for.
 *
 * @throws AppError `validation_failed` that names the field with a node that there is not
 */
export function scopedOrRefuse(plan: Plan, { start_at: startAt, stop_at: stopAt, pinned }: Scope): Plan {
  const part = toPartialPlan(plan, { startAt, stopAt, pinned })
  if (part.ok) return part.value
  const { code, node } = part.error
  const isPin = code === 'unknown_node' && pinned !== undefined && Object.hasOwn(pinned, node)
  const path = isPin ? ['pinned', node] : code === 'unknown_node' && node === startAt ? ['start_at'] : ['stop_at']
  const problem = { pointer: toPointer(path), sentence: SENTENCES[code], params: { node } }
  throw new AppError('validation_failed', { problems: [problem] })
}
