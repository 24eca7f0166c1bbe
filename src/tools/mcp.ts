import { z } from 'zod'
import { ToolFailure } from '#core/agent/tool'
import { defineTool, toInputFailure } from '#core/agent/tool-type'
import { isJsonObject } from '#lib/json'

/** Each is told to the model with every step: more than these, and it should say which. */
const MAX_TOOLS = 64

export const mcp = defineTool({
  type: 'mcp',
  icon: 'plug',
  title: { pt: 'Servidor MCP', en: 'MCP server' },
  description: {
    pt: 'As ferramentas de um servidor MCP remoto (HTTP), todas ou as que se escolhe.',
    en: 'The tools of a remote MCP server (HTTP), all of them or those that one chooses.',
  },
  config: z.strictObject({
    url: z.url({ protocol: /^https?$/ }),
    headers: z.record(z.string(), z.string()).default({}),
    tools: z
      .array(z.string().min(1).max(200))
      .min(1)
      .max(MAX_TOOLS)
      .optional()
      .describe('Names; absent: all that it has'),
    timeout_ms: z.int().min(100).max(600_000).default(60_000).describe('Of one call'),
  }),
  secrets: ['headers'],
  example: { url: 'https://mcp.example.com/mcp', headers: { authorization: 'Bearer {{ $secrets.MCP_KEY }}' } },
  many: true,
  async offer(ports, { url, headers, tools: wanted, timeout_ms: timeoutMs }) {
    const server = ports.openMcp({ url, headers, timeoutMs })
    const listed = await server.list()
    const missing = wanted?.filter((name) => !listed.some((tool) => tool.name === name)) ?? []
    if (missing.length > 0) throw new ToolFailure('mcp_invalid', `the MCP server has no ${missing.join(', ')}`)
    const chosen = listed.filter(({ name }) => wanted?.includes(name) ?? true)
    if (chosen.length > MAX_TOOLS) {
      const count = chosen.length
      throw new ToolFailure('mcp_invalid', `the MCP server has ${count} tools: choose ${MAX_TOOLS} at most by name`)
    }
    return chosen.map(({ name, description, inputSchema }) => ({
      name,
      description,
      inputSchema,
      run: ({ input, signal, idempotencyKey }) => {
        const given = input === null || input === '' ? {} : input
        if (!isJsonObject(given)) throw toInputFailure([{ path: '', message: 'expected an object' }])
        return server.call(name, given, { signal, timeoutMs, idempotencyKey })
      },
    }))
  },
})
