/** Vitest's global setup for suites inside workerd that ask models: a real server, in Node. */
import type { TestProject } from 'vitest/node'
import { startModelServer } from './model-server.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    modelUrl: string
  }
}

/** Gives the tests `inject('modelUrl')`. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startModelServer()
  project.provide('modelUrl', server.url)
  return () => server.stop()
}
