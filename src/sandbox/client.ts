import { nodeError, NodeFailure } from '#core/workflow/node-error'
import { MAX_OUTPUT_DEPTH } from '#core/workflow/limits'
import type { Sandbox, SandboxBatch } from '#core/workflow/sandbox'
import { jsonDepth, JsonTooLarge, measureJson } from '#lib/json'
import { DEADLINE_MS, MAX_RESULT_LENGTH, MAX_SCOPE_BYTES, MEMORY_MIB } from './limits.ts'
import { Answer, encodeBatch, encodeValidation, type Limit, WORKSPACE_HEADER } from './protocol.ts'

/** The service binding behind which the sandbox runs. */
export interface SandboxBinding {
  fetch(url: string, init: { method: string; headers: Record<string, string>; body: string }): Promise<Response>
}

/** What stands around the values of an answer. */
const ANSWER_DEPTH = 3

/** The sandbox for one workspace. Its errors are `NodeFailure`s that name the limit. */
export function createSandbox(binding: SandboxBinding | undefined, workspaceId: string): Sandbox {
  const ask = async (request: string): Promise<Answer> => {
    const response = await send(binding, workspaceId, request)
    if (response.status === 429) throw new NodeFailure(nodeError('sandbox_busy'), { retryable: true })
    if (!response.ok) throw unavailable()
    const text = await response.text()
    if (jsonDepth(text) > MAX_OUTPUT_DEPTH + ANSWER_DEPTH) {
      throw new NodeFailure(nodeError('output_too_deep', { limit: MAX_OUTPUT_DEPTH }))
    }
    const answer = Answer.parse(JSON.parse(text))
    if ('limit' in answer) throw limitFailure(answer.limit)
    return answer
  }
  return {
    async evaluate(batch) {
      limitScope(batch)
      const answer = await ask(encodeBatch(batch))
      if (!('outcomes' in answer)) throw unavailable()
      return answer.outcomes
    },
    async validate(schema, value) {
      const answer = await ask(encodeValidation(schema, value))
      if ('badSchema' in answer) {
        throw new NodeFailure(nodeError('config_invalid', { reason: `schema: ${answer.badSchema}` }))
      }
      if (!('errors' in answer)) throw unavailable()
      return answer.errors
    },
  }
}

async function send(binding: SandboxBinding | undefined, workspaceId: string, body: string): Promise<Response> {
  if (binding === undefined) throw unavailable()
  try {
    return await binding.fetch('http://sandbox/', {
      method: 'POST',
      headers: { [WORKSPACE_HEADER]: workspaceId },
      body,
    })
  } catch {
    // At the edge a Worker that goes over its CPU limit ends like this.
    throw unavailable()
  }
}

function unavailable(): NodeFailure {
  return new NodeFailure(nodeError('sandbox_unavailable'), { retryable: true })
}

function limitScope({ scope, items }: SandboxBatch): void {
  try {
    measureJson([scope, items ?? null], MAX_SCOPE_BYTES)
  } catch (error) {
    if (!(error instanceof JsonTooLarge)) throw error
    throw new NodeFailure(nodeError('sandbox_scope', { limit: MAX_SCOPE_BYTES }))
  }
}

function limitFailure(limit: Limit): NodeFailure {
  switch (limit) {
    case 'memory':
      return new NodeFailure(nodeError('sandbox_memory', { limit: MEMORY_MIB }))
    case 'time':
      return new NodeFailure(nodeError('sandbox_time', { limit: DEADLINE_MS }))
    case 'result':
      return new NodeFailure(nodeError('sandbox_result', { limit: MAX_RESULT_LENGTH }))
    case 'steps':
    case 'stack':
    case 'crash':
      return new NodeFailure(nodeError(`sandbox_${limit}`))
    default:
      return limit satisfies never
  }
}
