import { z } from 'zod'
import { ModelReference } from '#core/agent/snapshot'
import { ModelLine } from '#core/llm/model-entry'
import { hasKnownAddress } from '#core/llm/presets'

const list = z
  .string()
  .default('')
  .transform((text) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  )

const secret = z.string().min(32, 'at least 32 characters')

/** The first signs; the others only verify, until what they have signed has expired. */
const secrets = list.pipe(z.array(secret).min(1, 'at least one key'))

const ENCRYPTION_KEY = /^(v[1-9]\d{0,5}):([A-Za-z0-9+/_-]{43}=?)$/
const KEY_SHAPE = 'keys as v1:BASE64, of 32 random bytes each'

/** The first encrypts; all decrypt. What is wrong is told without the text, which is a key. */
const encryptionKeys = list
  .pipe(z.array(z.string().regex(ENCRYPTION_KEY, KEY_SHAPE)).min(1, 'at least one key'))
  .transform((items) =>
    items.map((item) => ({ version: item.split(':', 1)[0] ?? '', base64: item.replace(/^.*:/, '') })),
  )
  .refine((keys) => new Set(keys.map(({ version }) => version)).size === keys.length, 'two keys have the same version')

/** OpenTelemetry's own form: `name=value` pairs between commas, the values percent-encoded. */
const headers = list
  .pipe(
    z.array(z.string().regex(/^[\w!#$&'*+.^`|~-]+=(?:[^%\r\n]|%[\da-fA-F]{2})*$/, 'name=value, separated by commas')),
  )
  .transform((items, context) =>
    items.map((item): readonly [name: string, value: string] => {
      const [name = '', ...value] = item.split('=')
      try {
        return [name, decodeURIComponent(value.join('='))]
      } catch {
        context.addIssue({ code: 'custom', message: `${name} is not percent-encoded UTF-8` })
        return z.NEVER
      }
    }),
  )

const httpUrl = z.url({ protocol: /^https?$/ })

const provider = z
  .strictObject({
    id: z.string().regex(/^[a-z0-9-]+$/),
    /** May be left out for a provider that is known by its id, such as groq. */
    base_url: httpUrl.optional(),
    api_key: z.string().optional(),
    /** The wire format; for an id that is not known: `compatible`, OpenAI's chat completions. */
    wire: z.enum(['openai', 'anthropic', 'google', 'compatible']).optional(),
  })
  .refine(({ id, base_url }) => base_url !== undefined || hasKnownAddress(id), {
    path: ['base_url'],
    message: 'is missing, and the id is of no provider that is known',
  })

const json = (empty: string) =>
  z
    .string()
    .default(empty)
    .transform((text, context) => {
      try {
        return JSON.parse(text) as unknown
      } catch {
        context.addIssue({ code: 'custom', message: 'is not JSON' })
        return z.NEVER
      }
    })

/** A JSON list of further providers, e.g. `[{"id":"ollama","base_url":"http://127.0.0.1:11434/v1"}]`. */
const providers = json('[]').pipe(z.array(provider))

/** Every setting that the worker reads. Names and meanings: `contract.md`, "Configuration"; `.dev.vars.example`. */
export const Config = z.object({
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must begin with postgresql://')
    .optional(),
  DATABASE_SCHEMA: z
    .string()
    .regex(/^[a-z_][a-z0-9_]{0,62}$/, 'lower-case letters, digits and underscores')
    .default('synapscale_db'),
  SECRET_KEY: secret,
  JWT_SECRET_KEY: secrets,
  ENCRYPTION_KEY: encryptionKeys,
  JWT_ACCESS_TOKEN_EXPIRE_MINUTES: z.coerce.number().positive().max(1440).default(30),
  JWT_REFRESH_TOKEN_EXPIRE_DAYS: z.coerce.number().positive().max(365).default(7),
  REGISTRATION: z.enum(['open', 'invite', 'closed']).default('open'),
  CORS_ORIGINS: list,
  OUTBOUND_ALLOW: list,
  PUBLIC_URL: z.url({ protocol: /^https?$/ }).default('http://localhost:8000'),
  CLIENT_ADDRESS_HEADER: z
    .string()
    .regex(/^[A-Za-z0-9-]+$/, 'the name of a header')
    .optional(),
  RATE_LIMIT_ENABLED: z.stringbool().default(true),
  RETENTION_ACTOR_MINUTES: z.coerce.number().min(0).max(10_080).default(10),
  RETENTION_EXECUTIONS_DAYS: z.coerce.number().int().min(0).max(36_500).default(30),
  RETENTION_AUDIT_DAYS: z.coerce.number().int().min(0).max(36_500).default(365),
  RETENTION_EVENTS_DAYS: z.coerce.number().int().min(0).max(36_500).default(30),
  RETENTION_FILES_DAYS: z.coerce.number().int().min(0).max(36_500).default(0),
  RETENTION_CHATS_DAYS: z.coerce.number().int().min(0).max(36_500).default(0),
  FILES_QUOTA_MB: z.coerce.number().int().min(0).max(1_000_000_000).default(10_240),
  FILES_MAX_MB: z.coerce.number().int().min(1).max(5_120).default(2_048),
  MAIL_FROM: z
    .string()
    .regex(/^[^\r\n]*[^\s@<]+@[^\s@>]+>?$/, 'an e-mail address, or a name with one: SynapScale <no-reply@example.com>')
    .default('SynapScale <no-reply@localhost>'),
  MAIL_HTTP_URL: z.url({ protocol: /^https?$/ }).optional(),
  MAIL_HTTP_TOKEN: z.string().optional(),
  MAIL_SMTP_URL: z.url({ protocol: /^smtps?$/ }).optional(),
  METRICS_TOKEN: z.string().min(16, 'at least 16 characters').optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
  OTEL_EXPORTER_OTLP_HEADERS: headers,
  OTEL_SERVICE_NAME: z.string().max(255).default('synapscale'),
  OPENAI_API_KEY: z.string().optional(),
  OPENAI_BASE_URL: httpUrl.default('https://api.openai.com/v1'),
  ANTHROPIC_API_KEY: z.string().optional(),
  ANTHROPIC_BASE_URL: httpUrl.default('https://api.anthropic.com/v1'),
  GOOGLE_API_KEY: z.string().optional(),
  GOOGLE_BASE_URL: httpUrl.default('https://generativelanguage.googleapis.com/v1beta'),
  LLM_PROVIDERS: providers,
  DEFAULT_MODEL: ModelReference.default('demo/echo'),
  /** Gives a chat its title after the first answer: a model, or `agent` for the one that answered; absent: none is asked. */
  TITLE_MODEL: z.union([z.literal('agent'), ModelReference]).optional(),
  /** A JSON list: models that the catalogue lacks, and what is different about those that it has. */
  LLM_MODELS: json('[]').pipe(z.array(ModelLine)),
  /** A model that sends nothing for so long is given up. A model that thinks in silence takes minutes. */
  LLM_STALL_SECONDS: z.coerce.number().min(1).max(900).default(120),
})
export type Config = z.infer<typeof Config>

/** The names that a machine takes from `.dev.vars` and from the process's environment. */
export const CONFIG_KEYS: readonly string[] = Object.keys(Config.shape)

/** A configuration that cannot be used; `problems` names each setting with what is wrong. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`configuration: ${problems.join('; ')}`)
    this.problems = problems
  }
}

const parsed = new WeakMap<object, Config>()

/**
 * Parses the settings once per environment object. An empty value counts as absent.
 *
 * @throws ConfigError with every problem at once
 */
export function readConfig(env: object): Config {
  const known = parsed.get(env)
  if (known !== undefined) return known
  const settings = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))
  const result = Config.safeParse(settings)
  if (!result.success) {
    throw new ConfigError(result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`))
  }
  parsed.set(env, result.data)
  return result.data
}
