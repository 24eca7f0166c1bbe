/** Vitest's global setup for suites inside workerd whose agents have MCP servers: real ones, in Node. */
import type { TestProject } from 'vitest/node'
import { startMcpServer } from './mcp-server.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    mcpUrl: string
  }
}

/** Gives the tests `inject('mcpUrl')`. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startMcpServer()
  project.provide('mcpUrl', server.url)
  return () => server.stop()
}
