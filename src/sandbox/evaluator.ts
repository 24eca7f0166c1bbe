/** One context: the harness, and the programs that run in it one after the other. */
import type { QuickJSContext, QuickJSHandle, QuickJSRuntime } from 'quickjs-emscripten-core'
import { HARNESS } from './harness.ts'
import type { EvaluateControl, Limit } from './protocol.ts'

type Program = EvaluateControl['programs'][number]

/** Between two looks at whether the computing limit is reached. */
const JOBS_AT_ONCE = 1_000

export class LimitReached extends Error {
  override readonly name = 'LimitReached'
  readonly limit: Limit

  constructor(limit: Limit) {
    super(limit)
    this.limit = limit
  }
}

/** How QuickJS says that a limit is reached: code may catch these and go on, within the same limit. */
const LIMIT_MESSAGES: readonly (readonly [string, Limit])[] = [
  ['InternalError: out of memory', 'memory'],
  ['InternalError: string too long', 'memory'],
  ['RangeError: invalid string length', 'memory'],
  ['RangeError: invalid array buffer length', 'memory'],
  ['InternalError: stack overflow', 'stack'],
  // The parsers of JSON and of regular expressions.
  ['SyntaxError: stack overflow', 'stack'],
]

export class Evaluator {
  readonly #runtime: QuickJSRuntime
  readonly #context: QuickJSContext
  readonly #isOverBudget: () => boolean
  readonly #handles: QuickJSHandle[] = []
  #harness: QuickJSHandle

  constructor(runtime: QuickJSRuntime, context: QuickJSContext, isOverBudget: () => boolean) {
    this.#runtime = runtime
    this.#context = context
    this.#isOverBudget = isOverBudget
    this.#harness = context.undefined
  }

  /**
   * @param now what `new Date()` gives, ISO 8601
   * @throws LimitReached when not even the harness fits
   */
  begin(now: string): void {
    const moment = this.#keep(this.#context.newString(now))
    this.#harness = this.#keep(this.#call(this.#keep(this.#evaluate(HARNESS, 'sandbox')), moment))
  }

  /**
   * The outcome of a program as JSON.
   *
   * @throws LimitReached
   */
  run(program: Program, texts: ReadonlyMap<string, string>, items: string | undefined): string {
    const compiled = this.#compile(program, items !== undefined)
    if (typeof compiled === 'string') return this.#toError(compiled)
    const roots = program.roots.filter((root) => texts.has(root))
    const given = roots.map((root) => this.#context.newString(texts.get(root) ?? 'null'))
    const list = items === undefined ? [] : [this.#context.newString(items)]
    try {
      const harness = this.#context.getProp(this.#harness, items === undefined ? 'run' : 'runEach')
      this.#call(harness, compiled, ...list, ...given).dispose()
      harness.dispose()
      return this.#settle()
    } finally {
      for (const handle of [...given, ...list, compiled]) handle.dispose()
    }
  }

  dispose(): void {
    for (const handle of this.#handles) handle.dispose()
  }

  /** The program as a function of the names that it uses, or what is wrong with it. */
  #compile({ kind, source, roots }: Program, perItem: boolean): QuickJSHandle | string {
    const others = roots.filter((root) => !perItem || (root !== '$item' && root !== '$index'))
    const names = [...(perItem ? ['$item', '$index'] : []), ...others].join(',')
    const code =
      kind === 'expression'
        ? `(function(${names}){'use strict';return (${source}\n)})`
        : `(async function(${names}){'use strict';${source}\n})`
    const result = this.#context.evalCode(code, 'code', { type: 'global' })
    if (result.error === undefined) return result.value
    return this.#describe(result.error)
  }

  /** Lets promises settle, and gives the outcome. */
  #settle(): string {
    while (this.#runtime.hasPendingJob()) {
      const jobs = this.#runtime.executePendingJobs(JOBS_AT_ONCE)
      if (this.#isOverBudget()) throw new LimitReached('steps')
      // A job that threw has rejected its promise, or nobody waits for it.
      jobs.dispose()
    }
    const read = this.#context.getProp(this.#harness, 'read')
    const handle = this.#call(read)
    read.dispose()
    const outcome = this.#context.typeof(handle) === 'string' ? this.#context.getString(handle) : undefined
    handle.dispose()
    if (outcome === undefined) return this.#toError('the promise never settles')
    for (const [message, limit] of LIMIT_MESSAGES) {
      if (outcome.startsWith(`{"error":"${message}`)) throw new LimitReached(limit)
    }
    return outcome
  }

  #evaluate(code: string, name: string): QuickJSHandle {
    return this.#unwrap(this.#context.evalCode(code, name))
  }

  #call(fn: QuickJSHandle, ...args: QuickJSHandle[]): QuickJSHandle {
    return this.#unwrap(this.#context.callFunction(fn, this.#context.undefined, ...args))
  }

  /** The harness catches what code throws: what comes through it is a limit. */
  #unwrap(result: ReturnType<QuickJSContext['evalCode']>): QuickJSHandle {
    if (result.error === undefined) return result.value
    this.#describe(result.error)
    throw new LimitReached('memory')
  }

  /** @throws LimitReached when it speaks of one */
  #describe(error: QuickJSHandle): string {
    if (this.#isOverBudget()) throw new LimitReached('steps')
    const thrown: unknown = this.#context.dump(error)
    error.dispose()
    const { name = '', message = '' }: { name?: unknown; message?: unknown } = Object(thrown)
    const text = `${String(name)}: ${String(message)}`
    const limit = LIMIT_MESSAGES.find(([start]) => text.startsWith(start))?.[1]
    if (limit !== undefined) throw new LimitReached(limit)
    return text
  }

  #toError(error: string): string {
    return JSON.stringify({ error })
  }

  #keep(handle: QuickJSHandle): QuickJSHandle {
    this.#handles.push(handle)
    return handle
  }
}
