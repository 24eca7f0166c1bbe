/** What a test asks the sandbox. */
import { NodeFailure } from '#core/workflow/node-error'
import { parseBody, parseExpression, type SandboxProgram } from '#core/workflow/expression'
import type { Scope } from '#core/workflow/evaluate'
import { createBatch, type Sandbox, type SandboxOutcome } from '#core/workflow/sandbox'
import type { Json } from '#lib/json'

export const NOW = '2030-01-01T00:00:00.000Z'

export function expression(text: string): SandboxProgram {
  const parsed = parseExpression(text, 0)
  if (!parsed.ok) throw new Error(`${text}: ${parsed.error.detail}`)
  const way = parsed.value.body
  if (!('program' in way)) throw new Error(`${text} needs no sandbox`)
  return way.program
}

export function body(text: string): SandboxProgram {
  const parsed = parseBody(text)
  if (!parsed.ok) throw new Error(`${text}: ${parsed.error.detail}`)
  return parsed.value
}

export async function outcomeOf(
  sandbox: Sandbox,
  program: SandboxProgram,
  input: Json = null,
  items?: readonly Json[],
): Promise<SandboxOutcome> {
  const run = { $nodes: {}, $vars: {}, $secrets: {}, $execution: {}, $workflow: {} }
  const scope: Scope = { ...run, $input: input, $trigger: null, $now: NOW }
  const [outcome] = await sandbox.evaluate(createBatch([program], scope, items))
  return outcome ?? { error: 'no outcome' }
}

/** The code of the failure that names a limit, or the outcome in words. */
export async function endOf(outcome: Promise<SandboxOutcome>): Promise<string> {
  try {
    const { error, ...rest } = await outcome
    return error ?? `no failure, but ${JSON.stringify(rest).slice(0, 200)}`
  } catch (error) {
    if (error instanceof NodeFailure) return error.error.code
    return String(error)
  }
}
