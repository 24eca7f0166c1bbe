import { ToolFailure } from '#core/agent/tool'
import type { ToolPorts, ToolRequest } from '#core/agent/tool-type'
import { parseBody } from '#core/workflow/expression'
import { createBatch } from '#core/workflow/sandbox'
import { connectWithin } from '#db/connect'
import { withTrace } from '#outbound/with-trace'
import { redactResponse } from '#outbound/redact-response'
import { createSecretFill, type SecretFill } from '#outbound/secrets'
import { openGate } from '#services/llm/open-models'
import { openSecrets } from '#services/variables/open-secrets'
import { askAgent } from './ask-agent.ts'
import type { Binding } from './bind-tools.ts'
import { openMcp } from './open-mcp.ts'
import { runWorkflowFor } from './run-workflow-for.ts'
import { createToolFiles } from './tool-files.ts'
import { orFailure } from './to-tool-failure.ts'

/** What one tool may touch. `standIns` says what stands for each secret that its config names. */
export function createToolPorts(
  binding: Binding,
  agentId: string | null,
  standIns: Readonly<Record<string, string>>,
): ToolPorts {
  const { env, sandbox, facts } = binding
  const outbound = withTrace(openGate(env), facts.trace)
  let opened: Promise<SecretFill | undefined> | undefined
  const fillOnce = (): Promise<SecretFill | undefined> => (opened ??= openFill(binding, standIns))
  return {
    now: () => Date.now(),
    async fetch(request) {
      const secrets = await fillOnce()
      return orFailure(async () => {
        const response = await outbound.fetch({ ...request, secrets }, limitsOf(request))
        // Read here in any case, so that what goes wrong in the middle of a body is told too.
        return redactResponse(response, secrets?.hidden() ?? [])
      })
    },
    runCode: (code, input) =>
      orFailure(async () => {
        const program = parseBody(code)
        if (!program.ok) throw new ToolFailure('code_invalid', `The code cannot be run: ${program.error.detail}`)
        const scope = { ...NOTHING, $input: input, $now: new Date().toISOString() }
        const [outcome] = await sandbox.evaluate(createBatch([program.value], scope))
        if (outcome?.error !== undefined) throw new ToolFailure('code_failed', `The code failed: ${outcome.error}`)
        return outcome?.value ?? null
      }),
    runWorkflow: (order, call) => orFailure(() => runWorkflowFor(env, facts, order, call)),
    openMcp: (server) => openMcp(outbound, server, fillOnce),
    files: createToolFiles(env, facts),
    askAgent: (order, call) => askAgent(binding, agentId, order, call),
  }
}

const NOTHING = {
  $trigger: null,
  $nodes: {},
  $vars: {},
  $secrets: {},
  $execution: undefined,
  $workflow: undefined,
}

function limitsOf({ signal, timeoutMs, maxBytes }: ToolRequest) {
  return { signal, timeoutMs, maxBytes }
}

async function openFill(
  { env, config, facts: { workspaceId } }: Binding,
  standIns: Readonly<Record<string, string>>,
): Promise<SecretFill | undefined> {
  const names = Object.keys(standIns)
  if (names.length === 0) return undefined
  const db = connectWithin(env, workspaceId)
  const opened = await orFailure(() => openSecrets(db, config.ENCRYPTION_KEY, workspaceId, names))
  return createSecretFill(opened.map((secret) => ({ ...secret, placeholder: standIns[secret.name] ?? '' })))
}
