/**
 * The sandbox at the edge: a Worker script of its own (`wrangler.sandbox.toml`), which its CPU limit kills without
 * harm to anybody's actor. How many isolates share the work, and whose code waits for whose, is Cloudflare's to say. On one machine `local/sandbox.ts` does the same with threads.
 */
import wasmModule from '#quickjs/emscripten-module.wasm'
import { createEngine } from './engine.ts'
import { serve } from './serve.ts'

const engine = createEngine(wasmModule)

export default {
  async fetch(request: Request): Promise<Response> {
    return new Response(await serve(engine, await request.text()))
  },
} satisfies ExportedHandler
