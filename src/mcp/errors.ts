import { SdkError, SdkHttpError } from '@modelcontextprotocol/client'

export type McpCode = 'mcp_unreachable' | 'mcp_refused' | 'mcp_invalid' | 'mcp_tool_failed'

/** The one error of MCP servers; `message` is for models and for whoever binds the agent, in English. */
export class McpFailure extends Error {
  override readonly name = 'McpFailure'
  readonly code: McpCode

  constructor(code: McpCode, message: string, options?: ErrorOptions) {
    super(message.slice(0, 2_000).toWellFormed(), options)
    this.code = code
  }
}

/** What the client library threw. Errors that the gate threw within it come out as they are. */
export function toMcpFailure(error: unknown): unknown {
  if (error instanceof McpFailure) return error
  for (let inner = error; inner instanceof Error; inner = inner.cause) {
    if (inner.name === 'OutboundError') return inner
  }
  if (error instanceof SdkHttpError) {
    return new McpFailure('mcp_refused', `the MCP server answers ${error.status}`, { cause: error })
  }
  const message = error instanceof Error ? error.message : String(error)
  const code = error instanceof SdkError ? 'mcp_unreachable' : 'mcp_invalid'
  return new McpFailure(code, `the MCP server failed: ${message}`, { cause: error })
}
