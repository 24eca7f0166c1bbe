/** Well-known places that speak OpenAI's chat completions, by the provider's id: they need nothing but a key. */
export const PRESETS: Readonly<Record<string, string>> = {
  groq: 'https://api.groq.com/openai/v1',
  deepseek: 'https://api.deepseek.com/v1',
  xai: 'https://api.x.ai/v1',
  mistral: 'https://api.mistral.ai/v1',
  openrouter: 'https://openrouter.ai/api/v1',
  together: 'https://api.together.xyz/v1',
}

/** Providers whose address is known. */
const KNOWN: ReadonlySet<string> = new Set(['openai', 'anthropic', 'google', ...Object.keys(PRESETS)])

export function hasKnownAddress(id: string): boolean {
  return KNOWN.has(id)
}
