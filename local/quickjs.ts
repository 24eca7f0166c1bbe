import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'

/** QuickJS for `createEngine`, from npm. At the edge the bundler does this. */
export async function loadQuickjs(): Promise<WebAssembly.Module> {
  const path = createRequire(import.meta.url).resolve('@jitl/quickjs-wasmfile-release-sync/wasm')
  // The types are workerd's, where nothing may be compiled.
  const compiled: unknown = Reflect.construct(WebAssembly.Module, [await readFile(path)])
  if (!(compiled instanceof WebAssembly.Module)) throw new Error('QuickJS cannot be compiled')
  return compiled
}
