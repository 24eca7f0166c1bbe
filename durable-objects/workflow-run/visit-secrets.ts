import { z } from 'zod'
import { readConfig } from '#config'
import type { AnyNodeType, Decision } from '#core/workflow/node-type'
import { secretsOf } from '#core/workflow/node-secrets'
import type { PlanNode } from '#core/workflow/plan'
import type { NodeError } from '#core/workflow/node-error'
import { connectWithin } from '#db/connect'
import type { Json } from '#lib/json'
import { redactJson, redactText } from '#lib/redact'
import { redactResponse } from '#outbound/redact-response'
import { createSecretFill, type SecretFill } from '#outbound/secrets'
import { openSecrets } from '#services/variables/open-secrets'
import type { NodeHost } from './perform.ts'

/** What stands for each secret in a visit's config: nobody can guess it, and it is of no use elsewhere. */
export type Placeholders = Readonly<Record<string, string>>

/** Placeholders for the secrets that a node names, new ones for every visit. Asks nobody. */
export function createPlaceholders(node: PlanNode, type: AnyNodeType): Placeholders {
  const names = secretsOf(node, type)
  return Object.fromEntries(names.map((name) => [name, `secret_${crypto.randomUUID().replaceAll('-', '')}_`]))
}

/** Ports by which a node's own values lead back to the run. */
type TellingHost = Pick<NodeHost, 'startExecution' | 'files' | 'log' | 'progress'>

/** The secrets of one visit: values that only leave, and do not come back. */
export interface VisitSecrets {
  readonly fill: SecretFill | undefined
  /** What a server sent, without them. */
  redactResponse(response: Response): Promise<Response>
  /** What goes to the log, without them. */
  redactNote(note: unknown): unknown
  /** What the run records, without them: what the node came to, what it failed with, what it tells while it works. */
  redactDecision(decision: Decision): Decision
  redactError(error: NodeError): NodeError
  redactHost(host: TellingHost): TellingHost
}

export const NO_SECRETS: VisitSecrets = {
  fill: undefined,
  redactResponse: (response) => Promise.resolve(response),
  redactNote: (note) => note,
  redactDecision: (decision) => decision,
  redactError: (error) => error,
  redactHost: (host) => host,
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
  const redactLine = (text: string): string => redactText(text, fill.hidden())
  return {
    fill,
    redactResponse: (response) => redactResponse(response, fill.hidden()),
    redactNote: (note) => redact(z.json().parse(JSON.parse(JSON.stringify(note)))),
    redactDecision(decision) {
      if (decision.kind === 'emit') return { ...decision, output: redact(decision.output) }
      throw new Error(`a node that holds secrets can only emit, not ${decision.kind}`)
    },
    redactError: ({ message, message_en, body, ...error }) => ({
      ...error,
      message: redactLine(message),
      message_en: redactLine(message_en),
      ...(body === undefined ? {} : { body: redact(body) }),
    }),
    redactHost: (host) => ({
      startExecution: ({ workflowId, inputs }) => host.startExecution({ workflowId, inputs: redact(inputs) }),
      // What a node with secrets may write came from a server, and is without them already.
      files: host.files,
      log: (level, message, data) => host.log(level, redactLine(message), data === undefined ? data : redact(data)),
      progress: (progress) => host.progress(redact(progress)),
    }),
  }
}
