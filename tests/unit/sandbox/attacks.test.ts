import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Sandbox } from '#core/workflow/sandbox'
import type { Json } from '#lib/json'
import { createSandboxService, type SandboxService } from '#local/sandbox'
import { createSandbox } from '#sandbox/client'
import { body, endOf, expression, outcomeOf } from './asking.ts'

/** The real pool of one machine: two threads, of which a workspace gets one. */
let service: SandboxService
let attacker: Sandbox
let neighbour: Sandbox

beforeAll(() => {
  service = createSandboxService({ threads: 2, deadlineMs: 1_000 })
  const of = (workspace: string): Sandbox =>
    createSandbox({ fetch: (url, init) => service.fetch(new Request(url, init)) }, workspace)
  attacker = of('attacker')
  neighbour = of('neighbour')
})

afterAll(() => service.stop())

/** How the attack ends, while a neighbour's evaluations go on beside it. */
async function attack(program: ReturnType<typeof body>, input: Json = null): Promise<string> {
  const end = endOf(outcomeOf(attacker, program, input))
  let ended: string | undefined
  while (ended === undefined) {
    expect(await outcomeOf(neighbour, expression('$input.map((x) => x + 1)'), [1, 2])).toEqual({ value: [2, 3] })
    ended = await Promise.race([end, Promise.resolve(undefined)])
  }
  return ended
}

describe('what ends at a limit', () => {
  test.each<[string, string]>([
    ['for (;;) {}', 'sandbox_steps'],
    ['while (true) { try { for (;;) {} } catch {} finally { continue } }', 'sandbox_steps'],
    ['const f = () => Promise.resolve().then(f); return f()', 'sandbox_steps'],
    ['const f = async () => { try { for (;;) await null } catch { return f() } }; return f()', 'sandbox_steps'],
    ['function* g() { for (;;) yield 1 } for (const x of g()) {}', 'sandbox_steps'],
    ['return /^(a+)+$/.test("a".repeat(40) + "b")', 'sandbox_steps'],
    ['return { toJSON() { for (;;) {} } }', 'sandbox_steps'],
    ['return { get a() { for (;;) {} } }', 'sandbox_steps'],
    ['return new Proxy({}, { ownKeys() { for (;;) {} } })', 'sandbox_steps'],
    ['throw { get message() { for (;;) {} } }', 'sandbox_steps'],
    ['return { then() { for (;;) {} } }', 'sandbox_steps'],
    ['Array.prototype.includes.call({ length: 2 ** 53 - 1 }, 1)', 'sandbox_time'],
    ['new Array(4e9).join("")', 'sandbox_time'],
    ['const a = []; for (;;) a.push("x".repeat(100_000) + a.length)', 'sandbox_memory'],
    ['globalThis.a = []; for (;;) globalThis.a.push(new Uint8Array(1_000_000))', 'sandbox_memory'],
    [
      'globalThis.a = []; for (;;) { try { globalThis.a.push(new Uint8Array(1_000_000)) } catch { globalThis.a.push([]) } }',
      'sandbox_',
    ],
    ['let s = "x"; for (;;) s += s', 'sandbox_memory'],
    ['return "x".repeat(2 ** 30)', 'sandbox_memory'],
    ['return "x".repeat(2 ** 28)', 'sandbox_memory'],
    ['return new ArrayBuffer(2 ** 31)', 'sandbox_memory'],
    ['const f = () => f() + 1; return f()', 'sandbox_stack'],
    ['const o = {}; Object.defineProperty(o, "a", { get: () => o.a }); return o.a', 'sandbox_stack'],
    ['const p = new Proxy({}, { get: (t, k, r) => Reflect.get(r, k, r) }); return p.x', 'sandbox_stack'],
    ['let a = []; for (let i = 0; i < 100_000; i += 1) a = [a]; return a', 'sandbox_stack'],
    ['const a = []; a[0] = a; return String(a)', 'sandbox_stack'],
    ['return JSON.parse("[".repeat(200_000))', 'sandbox_stack'],
    ['const o = { toJSON: () => JSON.stringify(o) }; return o', 'sandbox_stack'],
    ['return eval("(".repeat(200_000))', 'sandbox_stack'],
    ['return "x".repeat(1_100_000)', 'sandbox_result'],
    ['return Array.from({ length: 600_000 }, () => 1)', 'sandbox_result'],
    ['let a = []; for (let i = 0; i < 600; i += 1) a = [a]; return a', 'output_too_deep'],
  ])(
    '%s: %s',
    async (text, code) => {
      // What takes long may meet the deadline first, on a machine that is busy.
      expect(['sandbox_time', code]).toContain(await attack(body(text)))
    },
    20_000,
  )

  test('a result of many levels that is small enough is one', async () => {
    expect(await attack(body('let a = []; for (let i = 0; i < 400; i += 1) a = [a]; return a'))).toContain('no failure')
  })

  test('values that do not fit', async () => {
    const large = Array.from({ length: 9 }, () => 'x'.repeat(1_000_000))
    expect(await attack(body('return $input.length'), large)).toBe('sandbox_scope')
    const many = Array.from({ length: 1_000_000 }, () => ({}))
    expect(['sandbox_memory', 'sandbox_time']).toContain(await attack(body('return $input.length'), many))
  }, 20_000)
})

describe('what reaches for the host', () => {
  test.each([
    'return Object.constructor.constructor("return process")()',
    'return (() => {}).constructor("return process.env")()',
    'return $input.constructor.constructor("return globalThis.process.mainModule")()',
    'return eval("process")',
    'return (0, eval)("this").process.env',
    'return new Function("return require(`node:fs`)")()',
    'return (await import("node:fs")).readFileSync("/etc/passwd")',
    'return globalThis.fetch("http://127.0.0.1")',
    'try { null.f() } catch (error) { return error.constructor.constructor("return process")() }',
    'return Error.prepareStackTrace.getThis()',
    'return arguments.callee.caller',
    'return (function () { return this.constructor })()',
    'Object.prototype.__defineGetter__("then", () => { throw new Error("then") }); return {}',
    'Error.prototype.toString = () => globalThis.process.exit(); throw new Error("x")',
    'JSON.stringify = () => 1; Array.prototype.toJSON = () => globalThis.process.exit(); return [1]',
  ])('%s', async (text) => expect(await attack(body(text), {})).toMatch(/(Reference|Type|Syntax)?Error|thrown|not/))

  test.each<[string, string]>([
    ['return typeof globalThis.process + typeof globalThis.require + typeof globalThis.setTimeout', 'undefined'],
    ['Object.prototype.value = 1; Object.prototype.error = "x"; return 7', '7'],
    ['Object.prototype.toJSON = () => ({ limit: "time" }); return {}', 'limit'],
    ['return { outcomes: [], limit: "time", error: "x" }', 'outcomes'],
    ['return { then(resolve) { resolve("as promises do") } }', 'as promises do'],
  ])('%s is only a value', async (text, value) => {
    const end = await attack(body(text))
    expect(end).toMatch(/^no failure/)
    expect(end).toContain(value)
  })
})

describe('fairness', () => {
  test('a workspace with a queue of endless loops does not starve another', async () => {
    const loops = Array.from({ length: 6 }, () =>
      endOf(outcomeOf(attacker, body('Array.prototype.includes.call({ length: 2 ** 53 - 1 }, 1)'))),
    )
    for (let turn = 0; turn < 50; turn += 1) {
      expect(await outcomeOf(neighbour, expression('Math.abs(-1)'))).toEqual({ value: 1 })
    }
    expect(new Set(await Promise.all(loops))).toEqual(new Set(['sandbox_time']))
  }, 60_000)

  test('who waits too long is told to come back', async () => {
    const small = createSandboxService({ threads: 2, deadlineMs: 2_000, maxWaitMs: 200 })
    const impatient = createSandbox({ fetch: (url, init) => small.fetch(new Request(url, init)) }, 'w')
    const [first, second] = [body('new Array(4e9).join("")'), expression('Math.abs(1)')].map((program) =>
      outcomeOf(impatient, program),
    )
    await expect(second).rejects.toMatchObject({ error: { code: 'sandbox_busy' }, retryable: true })
    await expect(first).rejects.toMatchObject({ error: { code: 'sandbox_time' }, retryable: false })
    await small.stop()
  })

  test('a queue has an end', async () => {
    const small = createSandboxService({ threads: 2, deadlineMs: 1_000 })
    const flood = createSandbox({ fetch: (url, init) => small.fetch(new Request(url, init)) }, 'w')
    const ends = Array.from({ length: 300 }, () => endOf(outcomeOf(flood, expression('Math.abs(1)'))))
    const codes = Map.groupBy(await Promise.all(ends), (end) => end)
    expect(codes.get('sandbox_busy')?.length).toBeGreaterThan(50)
    expect(codes.get('no failure, but {"value":1}')?.length).toBeGreaterThan(100)
    await small.stop()
  })
})

describe('JSON Schemas', () => {
  test('a pattern that runs for ever ends at the deadline', async () => {
    const checked = attacker.validate({ pattern: '^(a+)+$' }, `${'a'.repeat(50)}b`)
    await expect(checked).rejects.toMatchObject({ error: { code: 'sandbox_time' } })
  })

  test.each<Json>([{ $ref: 'http://127.0.0.1/x' }, { $ref: '#/$defs/gone' }, { pattern: '(' }, { $ref: '#' }, 7])(
    '%j is no schema',
    async (schema) => {
      const checked = attacker.validate(schema, 'x')
      await expect(checked).rejects.toMatchObject({ error: { code: 'config_invalid' }, retryable: false })
    },
  )

  test('keys like __proto__ are just keys', async () => {
    const schema = JSON.parse('{"properties":{"__proto__":{"type":"string"}},"required":["constructor"]}') as Json
    const errors = await attacker.validate(schema, JSON.parse('{"__proto__":7}') as Json)
    expect(errors.map(({ path }) => path)).toContain('')
    expect(Object.getPrototypeOf({})).toBe(Object.prototype)
  })
})
