import { ToolFailure } from '#core/agent/tool'
import type { RemoteTools } from '#core/agent/tool-type'
import { redactJson, redactText } from '#lib/redact'
import { createMcpServer, type McpServer } from '#mcp/client'
import type { Outbound } from '#outbound/gate'
import type { SecretFill } from '#outbound/secrets'
import { toFetch } from '#outbound/to-fetch'
import { orFailure } from './to-tool-failure.ts'

/** Of each answer: a list of tools, or what one of them gives. */
const MAX_BYTES = 1_048_576

/** An MCP server behind the gate, with secrets that leave in headers and do not come back. */
export function openMcp(
  outbound: Outbound,
  {
    url,
    headers,
    timeoutMs,
  }: { readonly url: string; readonly headers: Readonly<Record<string, string>>; readonly timeoutMs: number },
  openFill: () => Promise<SecretFill | undefined>,
): RemoteTools {
  let opened: McpServer | undefined
  async function using<T>(work: (server: McpServer) => Promise<T>): Promise<{ made: T; hidden: readonly string[] }> {
    const fill = await openFill()
    opened ??= createMcpServer({ url, headers, fetch: toFetch(outbound, { timeoutMs, maxBytes: MAX_BYTES }, fill) })
    const server = opened
    const hidden = () => fill?.hidden() ?? []
    try {
      return { made: await orFailure(() => work(server)), hidden: hidden() }
    } catch (error) {
      throw error instanceof ToolFailure ? new ToolFailure(error.code, redactText(error.message, hidden())) : error
    }
  }
  return {
    async list() {
      const { made, hidden } = await using((server) => server.list())
      return made.map(({ name, description, inputSchema }) => ({
        name,
        description: redactText(description, hidden),
        inputSchema,
      }))
    },
    async call(name, input, options) {
      const { made, hidden } = await using((server) => server.call(name, input, options))
      return redactJson(made, hidden)
    },
  }
}
