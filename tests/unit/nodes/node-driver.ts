import type { AnyNodeType, Emission, NodePorts } from '#core/workflow/node-type'
import { isPure } from '#core/workflow/node-type'
import { renderConfig } from '#core/workflow/template'
import type { Json } from '#lib/json'

/** Ports that must not be used; a test puts in what its node may touch. */
export function fakePorts(ports: Partial<NodePorts> = {}): NodePorts {
  const refuse = (): Promise<never> => Promise.reject(new Error('this node touches nothing'))
  return { fetch: refuse, generate: refuse, signal: new AbortController().signal, ...ports }
}

/** Performs a node as the engine does: evaluates its config, parses it, calls its body. */
export async function perform(
  type: AnyNodeType,
  config: Json,
  { input = null, trigger = input, ports = fakePorts() }: { input?: Json; trigger?: Json; ports?: NodePorts } = {},
): Promise<Emission> {
  const facts = { $nodes: {}, $vars: {}, $secrets: {}, $execution: {}, $workflow: {}, $now: '2030-01-01T00:00:00.000Z' }
  const rendered = renderConfig(config, type.expressions ?? [], { ...facts, $input: input, $trigger: trigger })
  const node = { config: type.config.parse(rendered), input, trigger }
  return isPure(type) ? type.decide(node) : await type.run(ports, node)
}
