/** How the suite calls an operation with its fixture, and what it reads in the answer. */
import type { Caller } from './people.ts'
import { FIXTURES } from './fixtures/catalog.ts'
import type { Body, Fixture } from './fixtures/fixture.ts'
import type { Answer, Hit } from './hit.ts'
import { fillPath, type Operation } from './operations.ts'

/** Wrong in every part that is looked at after who calls. A GET has no body, thus no garbage in it. */
export function garbageFor(method: string): Hit {
  return method === 'GET' ? {} : { body: '{', headers: { 'Content-Type': 'text/plain' } }
}

export function fixtureOf(name: string): Fixture {
  return FIXTURES[name] ?? {}
}

/** Path and body of a valid call, with things that `maker` has made for it. */
export async function prepare(maker: Caller, { path, name }: Operation) {
  const fixture = fixtureOf(name)
  const params = await fixture.params?.(maker)
  const body: Body | undefined = typeof fixture.body === 'function' ? await fixture.body(maker) : fixture.body
  const query = fixture.query === undefined ? '' : `?${fixture.query}`
  return { path: `${fillPath(path, params)}${query}`, body, form: fixture.form }
}

/** A valid call by `caller`, with things that `maker` has made for it. */
export async function callAs(caller: Caller, maker: Caller, operation: Operation): Promise<Answer> {
  const { path, body, form } = await prepare(maker, operation)
  return caller.call(path, { method: operation.method, ...(body && { body }), ...form })
}

/** `403 forbidden`, `200`. */
export function outcome({ status, code }: Answer): string {
  return code === undefined ? String(status) : `${status} ${code}`
}

/** What a valid call answers. */
export function expectedOf({ name, successes }: Operation): readonly number[] {
  const { answers } = fixtureOf(name)
  return answers === undefined ? successes : [answers]
}
