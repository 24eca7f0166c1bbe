/**
 * QuickJS in WebAssembly: one instance, a fresh runtime and context for every call. It may still run for ever (some
 * built-ins never ask for the interrupt) or break its instance, so it runs only where it can be killed.
 *
 * E1  Nothing of the host is given to the code: no function, no object, only texts.
 * E2  An instance that threw anything of the host's is never used again.
 */
import base from '@jitl/quickjs-wasmfile-release-sync'
import { newQuickJSWASMModuleFromVariant, newVariant, type QuickJSWASMModule } from 'quickjs-emscripten-core'
import { Evaluator, LimitReached } from './evaluator.ts'
import { MAX_INTERRUPTS, MAX_RESULT_LENGTH, MEMORY_MIB, STACK_BYTES } from './limits.ts'
import { type EvaluateControl, limitAnswer } from './protocol.ts'

/** An instance never gives memory back: one that has grown larger than this is not kept. */
const MAX_KEPT_BYTES = 48 * 1_048_576

export interface Engine {
  /** The answer to a batch as JSON. `values` are the JSON texts that followed the control. Never throws. */
  evaluate(control: EvaluateControl, values: readonly string[]): Promise<string>
}

/** @param wasmModule QuickJS, compiled; where it comes from depends on where we run */
export function createEngine(wasmModule: WebAssembly.Module): Engine {
  const variant = newVariant(base, { wasmModule })
  let kept: QuickJSWASMModule | undefined
  return {
    async evaluate(control, values) {
      const instance = kept ?? (await newQuickJSWASMModuleFromVariant(variant))
      kept = undefined
      try {
        const answer = evaluateIn(instance, control, values)
        if (instance.getWasmMemory().buffer.byteLength <= MAX_KEPT_BYTES) kept = instance
        return answer
      } catch (error) {
        // V8 says so when its own stack overflows within the instance; anything else has broken it.
        const isStack = error instanceof RangeError && error.message.includes('call stack')
        return limitAnswer(isStack ? 'stack' : 'crash')
      }
    },
  }
}

/** @throws whatever the host throws when the instance breaks */
function evaluateIn(instance: QuickJSWASMModule, control: EvaluateControl, values: readonly string[]): string {
  const runtime = instance.newRuntime()
  let interrupts = 0
  runtime.setMemoryLimit(MEMORY_MIB * 1_048_576)
  runtime.setMaxStackSize(STACK_BYTES)
  // Once it has said yes it goes on to do so: code may catch what a promise's job ends with.
  runtime.setInterruptHandler(() => (interrupts += 1) > MAX_INTERRUPTS)
  const context = runtime.newContext()
  const evaluator = new Evaluator(runtime, context, () => interrupts > MAX_INTERRUPTS)
  let answer: string
  try {
    evaluator.begin(control.now)
    answer = answerOf(evaluator, control, values)
  } catch (error) {
    if (!(error instanceof LimitReached)) throw error
    answer = limitAnswer(error.limit)
  }
  evaluator.dispose()
  context.dispose()
  runtime.dispose()
  return answer
}

/** @throws LimitReached */
function answerOf(evaluator: Evaluator, control: EvaluateControl, values: readonly string[]): string {
  const texts = new Map(control.roots.map((root, index) => [root, values[index] ?? 'null']))
  const items = control.perItem ? values.at(-1) : undefined
  const outcomes: string[] = []
  let length = 0
  for (const program of control.programs) {
    const outcome = evaluator.run(program, texts, items)
    length += outcome.length
    if (length > MAX_RESULT_LENGTH) throw new LimitReached('result')
    outcomes.push(outcome)
  }
  return `{"outcomes":[${outcomes.join(',')}]}`
}
