import { hookSecret, hookToken } from '#auth/hook-token'
import type { Config } from '#config'

/** What makes addresses and secrets; a node without a row has not replaced any. */
interface Generations {
  readonly url_generation: number
  readonly secret_generation: number
}

/** The addresses and the secret of a webhook node. */
export function toHook(
  { SECRET_KEY, PUBLIC_URL }: Pick<Config, 'SECRET_KEY' | 'PUBLIC_URL'>,
  workflowId: string,
  nodeId: string,
  { url_generation, secret_generation }: Generations = { url_generation: 0, secret_generation: 0 },
) {
  const base = PUBLIC_URL.replace(/\/$/, '')
  const node = { workflowId, nodeId, generation: url_generation }
  return {
    url: `${base}/hooks/${hookToken(SECRET_KEY, 'live', node)}`,
    testUrl: `${base}/hooks/test/${hookToken(SECRET_KEY, 'test', node)}`,
    secret: hookSecret(SECRET_KEY, { workflowId, nodeId, generation: secret_generation }),
  }
}
