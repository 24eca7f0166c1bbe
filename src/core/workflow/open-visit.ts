/** What one visit sees: taken at its beginning, for the run goes on while large values are read or the sandbox is asked. */
import type { Json } from '#lib/json'
import type { Scope } from './evaluate.ts'
import type { VisitRef } from './event.ts'
import { arrivedOf, inputOf, itemOf, outputsFor } from './input.ts'
import { namesIn } from './named-values.ts'
import type { AnyNodeType, NodeInput } from './node-type.ts'
import { type Plan, planNode, type PlanNode } from './plan.ts'
import { type RunState, visitOf } from './run.ts'
import { asJson, fill, largeIn, type LargeRef, type LargeValue, type Value } from './value.ts'

/** What expressions may say of the run itself. */
export interface RunFacts {
  /** Whose sandbox time it is; no expression sees it. */
  readonly workspaceId: string
  readonly execution: { readonly id: string }
  readonly workflow: { readonly id: string; readonly name: string; readonly version: number }
  /** The plain variables as they were at the start. */
  readonly vars?: Readonly<Record<string, string>>
  /** On whose behalf it runs, and what stands above it (`RunHeader`); no expression sees any of it. */
  readonly createdBy?: string | null
  readonly depth?: number
  readonly chain?: readonly string[]
  /** What stands for each secret in this visit's config; never its value. */
  readonly secrets?: Readonly<Record<string, string>>
}

export interface Visiting extends Omit<NodeInput<unknown>, 'config'> {
  readonly node: PlanNode
  readonly type: AnyNodeType
  readonly scope: Scope
}

/** A visit before its large values are read. */
export interface OpenedVisit {
  /** What has to be read: its input, and what its config names. */
  readonly needs: readonly LargeRef[]
  /** @param read what was read, of those that it needs */
  see(read?: (large: LargeValue) => Json): Visiting
}

export function openVisit(
  plan: Plan,
  state: RunState,
  ref: VisitRef,
  type: AnyNodeType,
  facts: RunFacts,
  now: number,
): OpenedVisit {
  const node = planNode(plan, ref.node_id)
  const visit = visitOf(state, ref)
  const input = inputOf(plan, state, visit)
  const item = itemOf(state, visit)
  const arrived = arrivedOf(plan, state, visit)
  const { inputs: trigger } = state
  const hasLarge = state.large.size > 0
  const names = hasLarge ? namesIn(node, type) : undefined
  // A copy, made for those who ask: the outputs change while the run goes on.
  const outputs = node.sandbox || names?.roots.has('$nodes') === true ? outputsFor(state, visit) : undefined
  const needed: Value[] = []
  if (names !== undefined) {
    needed.push(input)
    if (names.roots.has('$trigger')) needed.push(trigger)
    if (item !== undefined && names.roots.has('$item')) needed.push(item.value)
    for (const [id, output] of Object.entries(outputs ?? {})) if (names.isRead(id)) needed.push(output)
  }
  return {
    needs: needed.flatMap(largeIn).map((large) => large.ref),
    see(read = () => null) {
      const seen = (value: Value): Json => (hasLarge ? fill(value, read) : asJson(value))
      const given = { input: seen(input), trigger: seen(trigger) }
      const scope: Scope = {
        $input: given.input,
        $trigger: given.trigger,
        get $nodes() {
          const all = outputs ?? outputsFor(state, visit)
          return seen(all)
        },
        $vars: facts.vars ?? {},
        $secrets: facts.secrets ?? {},
        $item: item && seen(item.value),
        $index: item?.index,
        $execution: facts.execution,
        $workflow: facts.workflow,
        $now: new Date(now).toISOString(),
      }
      return {
        node,
        type,
        scope,
        arrived: arrived.map(({ source, value }) => ({ source, value: seen(value) })),
        ...given,
        now,
      }
    },
  }
}
