import { afterEach } from 'vitest'
import type { ModelCall, ModelPart, Models } from '#core/agent/model'
import { createModels, type ModelsOptions } from '#llm/models'
import type { ModelsConfig } from '#llm/providers'
import { type Script, type ScriptedModel, startScriptedModel } from '#tests/support/scripted-model'

export const KEY = 'sk-scripted-0123456789'

export const NO_PROVIDERS: ModelsConfig = {
  OPENAI_BASE_URL: 'https://api.openai.com/v1',
  ANTHROPIC_BASE_URL: 'https://api.anthropic.com/v1',
  GOOGLE_BASE_URL: 'https://generativelanguage.googleapis.com/v1beta',
  LLM_PROVIDERS: [],
  LLM_MODELS: [],
}

/** One model of each wire format. */
export const EACH_WIRE = [
  'openai/gpt-5-mini',
  'anthropic/claude-haiku-4-5',
  'google/gemini-2.5-flash',
  'other/llama',
] as const

const running: ScriptedModel[] = []
afterEach(() => Promise.all(running.splice(0).map((server) => server.stop())))

/** A server that is stopped after the test, whatever format it is asked in. */
export async function startServer(script: Script): Promise<ScriptedModel> {
  const server = await startScriptedModel(script)
  running.push(server)
  return server
}

/** The settings with which every provider is that server. */
export function allAt({ baseUrl }: Pick<ScriptedModel, 'baseUrl'>): ModelsConfig {
  return {
    OPENAI_API_KEY: KEY,
    OPENAI_BASE_URL: baseUrl,
    ANTHROPIC_API_KEY: KEY,
    ANTHROPIC_BASE_URL: baseUrl,
    GOOGLE_API_KEY: KEY,
    GOOGLE_BASE_URL: baseUrl,
    LLM_PROVIDERS: [{ id: 'other', base_url: baseUrl, api_key: KEY }],
    LLM_MODELS: [],
  }
}

export async function startModels(
  script: Script,
  options: Partial<ModelsOptions> = {},
): Promise<{ readonly server: ScriptedModel; readonly models: Models }> {
  const server = await startServer(script)
  return { server, models: createModels({ config: allAt(server), fetch, ...options }) }
}

export function say(text: string): Pick<ModelCall, 'messages'> {
  return { messages: [{ role: 'user', content: [{ type: 'text', text }] }] }
}

export interface Heard {
  readonly parts: readonly ModelPart[]
  readonly text: string
  readonly error: unknown
}

/** Everything that a model says, and what it failed with in the end. */
export async function hear(
  models: Models,
  call: ModelCall,
  signal: AbortSignal = new AbortController().signal,
): Promise<Heard> {
  const parts: ModelPart[] = []
  let error: unknown
  try {
    for await (const part of models.stream(call, signal)) parts.push(part)
  } catch (thrown) {
    error = thrown
  }
  return { parts, error, text: parts.map((part) => (part.type === 'text' ? part.text : '')).join('') }
}
