/** The sandbox's own code in this very process: for tests that want its answers and attack nobody. */
import type { Sandbox } from '#core/workflow/sandbox'
import { loadQuickjs } from '#local/quickjs'
import { createSandbox } from '#sandbox/client'
import { createEngine, type Engine } from '#sandbox/engine'
import { serve } from '#sandbox/serve'

let engine: Promise<Engine> | undefined

export const sandbox: Sandbox = createSandbox(
  {
    async fetch(_url, { body }) {
      engine ??= loadQuickjs().then(createEngine)
      return new Response(await serve(await engine, body))
    },
  },
  'w',
)
