import { compile } from '#core/workflow/compile'
import type { AnyNodeType, Decision, Emission, NodePorts } from '#core/workflow/node-type'
import { isPure } from '#core/workflow/node-type'
import { planNode } from '#core/workflow/plan'
import { prepareVisitWith } from '#core/workflow/prepare'
import { catalog } from '#nodes/catalog'
import type { Json } from '#lib/json'
import { sandbox } from '#tests/support/sandbox'

/** Ports that must not be used; a test puts in what its node may touch. */
export function fakePorts(ports: Partial<NodePorts> = {}): NodePorts {
  const refuse = (): Promise<never> => Promise.reject(new Error('this node touches nothing'))
  const { validate } = sandbox
  return {
    fetch: refuse,
    generate: refuse,
    askAgent: refuse,
    startExecution: refuse,
    files: { read: refuse, write: refuse },
    validate,
    log: () => undefined,
    progress: () => undefined,
    signal: new AbortController().signal,
    ...ports,
  }
}

/** When the nodes of these tests are performed. */
export const NOW = Date.UTC(2030, 0, 1)

/** Performs a node that goes on with a value. */
export async function perform(...node: Parameters<typeof decide>): Promise<Omit<Emission, 'kind'>> {
  const decision = await decide(...node)
  if (decision.kind !== 'emit') throw new Error(`it decides to ${decision.kind}`)
  return { output: decision.output, handles: decision.handles }
}

/** Performs a node as the engine does: evaluates its config, parses it, calls its body. */
export async function decide(
  type: AnyNodeType,
  config: Json,
  { input = null, trigger = input, ports = fakePorts() }: { input?: Json; trigger?: Json; ports?: NodePorts } = {},
): Promise<Decision> {
  const compiled = compile({ nodes: [{ id: 'node', type: type.type, data: { config } }], edges: [] }, catalog)
  if (!compiled.ok) {
    type.config.parse(config)
    throw new Error(JSON.stringify(compiled.error))
  }
  const scope = {
    $input: input,
    $trigger: trigger,
    $nodes: {},
    $vars: {},
    $secrets: {},
    $item: undefined,
    $index: undefined,
    $execution: {},
    $workflow: {},
    $now: new Date(NOW).toISOString(),
  }
  const arrived = [{ source: 'before', value: input }]
  const visiting = { node: planNode(compiled.value, 'node'), type, scope, input, arrived, trigger, now: NOW }
  const node = await prepareVisitWith(sandbox, visiting)
  return isPure(type) ? type.decide(node) : await type.run(ports, node)
}
