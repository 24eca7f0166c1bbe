import { z } from 'zod'
import { readConfig } from '#config'
import type { AnyNodeType } from '#core/workflow/node-type'
import { secretsOf } from '#core/workflow/node-secrets'
import type { PlanNode } from '#core/workflow/plan'
import { NodeError } from '#core/workflow/node-error'
import type { RunInput } from '#core/workflow/run'
import { connectWithin } from '#db/connect'
import type { Json } from '#lib/json'
import { redactJson } from '#lib/redact'
import { redactResponse } from '#outbound/redact-response'
import { createSecretFill, type SecretFill } from '#outbound/secrets'
import { openSecrets } from '#services/variables/open-secrets'

/** What stands for each secret in a visit's config: nobody can guess it, and it is of no use elsewhere. */
export type Placeholders = Readonly<Record<string, string>>

/** Placeholders for the secrets that a node names, new ones for every visit. Asks nobody. */
export function createPlaceholders(node: PlanNode, type: AnyNodeType): Placeholders {
  const names = secretsOf(node, type.secrets)
  return Object.fromEntries(names.map((name) => [name, `secret_${crypto.randomUUID().replaceAll('-', '')}_`]))
}

/** The secrets of one visit: values that only leave, and do not come back. */
export interface VisitSecrets {
  readonly fill: SecretFill | undefined
  /** What a server sent, without them. */
  redactResponse(response: Response): Promise<Response>
  /** What goes to the log, without them. */
  redactNote(note: unknown): unknown
  /** What the run records, without them. */
  redactOutcome(outcome: RunInput): RunInput
}

export const NO_SECRETS: VisitSecrets = {
  fill: undefined,
  redactResponse: (response) => Promise.resolve(response),
  redactNote: (note) => note,
  redactOutcome: (outcome) => outcome,
}

/** @throws NodeFailure `secret_missing`, `secret_unreadable`; DatabaseUnavailable */
export async function openVisitSecrets(
  env: Env,
  workspaceId: string,
  placeholders: Placeholders,
): Promise<VisitSecrets> {
  const names = Object.keys(placeholders)
  if (names.length === 0) return NO_SECRETS
  const { ENCRYPTION_KEY } = readConfig(env)
  const opened = await openSecrets(connectWithin(env, workspaceId), ENCRYPTION_KEY, workspaceId, names)
  const fill = createSecretFill(opened.map((secret) => ({ ...secret, placeholder: placeholders[secret.name] ?? '' })))
  const redact = (value: Json): Json => redactJson(value, fill.hidden())
  return {
    fill,
    redactResponse: (response) => redactResponse(response, fill.hidden()),
    redactNote: (note) => redact(z.json().parse(JSON.parse(JSON.stringify(note)))),
    redactOutcome(outcome) {
      if (outcome.type === 'succeeded') return { ...outcome, output: redact(outcome.output) }
      return outcome.type === 'failed' ? { ...outcome, error: NodeError.parse(redact(outcome.error)) } : outcome
    },
  }
}
