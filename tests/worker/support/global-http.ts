/** Vitest's global setup for suites inside workerd whose nodes call somebody: a real server, in Node. */
import type { TestProject } from 'vitest/node'
import { startHttpServer } from './http-server.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    httpUrl: string
  }
}

/** Gives the tests `inject('httpUrl')`. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startHttpServer()
  project.provide('httpUrl', server.url)
  return () => server.stop()
}
