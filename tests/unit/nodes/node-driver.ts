import { compile } from '#core/workflow/compile'
import type { AnyNodeType, Emission, NodePorts } from '#core/workflow/node-type'
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
  return { fetch: refuse, generate: refuse, validate, signal: new AbortController().signal, ...ports }
}

/** Performs a node as the engine does: evaluates its config, parses it, calls its body. */
export async function perform(
  type: AnyNodeType,
  config: Json,
  { input = null, trigger = input, ports = fakePorts() }: { input?: Json; trigger?: Json; ports?: NodePorts } = {},
): Promise<Emission> {
  const compiled = compile({ nodes: [{ id: 'node', type: type.type, data: { config } }], edges: [] }, catalog)
  if (!compiled.ok) {
    type.config.parse(config)
    throw new Error(JSON.stringify(compiled.error))
  }
  const scope = {
    $input: input,
    $trigger: trigger,
    $nodes: {},
    $execution: {},
    $workflow: {},
    $now: '2030-01-01T00:00:00.000Z',
  }
  const visiting = { node: planNode(compiled.value, 'node'), type, scope, input, trigger }
  const node = await prepareVisitWith(sandbox, visiting)
  return isPure(type) ? type.decide(node) : await type.run(ports, node)
}
