/** The model of the attacks on chats: what it answers follows from what it is asked, so that half an answer is known for one. */
import { type ScriptedModel, type ScriptedRequest, startScriptedModel } from '#tests/support/scripted-model'
import type { ScriptedReply } from '#tests/support/scripted-model/reply'

const EVERY_MS = 15
/** `conte {n} {count}` is answered by so many numbered words. */
const ASKED = /conte (\d+) (\d+)/g

/** What somebody says who wants `count` words. */
export function askFor(n: number, count: number): string {
  return `conte ${n} ${count}`
}

/** The answer to that. */
export function wordsFor(n: number, count: number): string {
  return Array.from({ length: count }, (_, index) => `${n}.${index}`).join(' ')
}

function reply({ body }: ScriptedRequest): ScriptedReply {
  const said = JSON.stringify(body.messages.findLast(({ role }) => role === 'user')?.content ?? '')
  const [, n = '0', count = '1'] = [...said.matchAll(ASKED)].at(-1) ?? []
  const text = wordsFor(Number(n), Number(count))
  // A long one comes as fast as it can be taken.
  return Number(count) > 1_000 ? { kind: 'text', text } : { kind: 'paced', text, everyMs: EVERY_MS }
}

/** Starts the model on 127.0.0.1. */
export function startWords(): Promise<ScriptedModel> {
  return startScriptedModel(reply)
}

/** The settings with which chats are answered by it. */
export function wordsEnv({ baseUrl }: Pick<ScriptedModel, 'baseUrl'>): Record<string, string> {
  return { LLM_PROVIDERS: JSON.stringify([{ id: 'words', base_url: baseUrl }]), DEFAULT_MODEL: 'words/count' }
}
