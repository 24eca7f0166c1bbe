/** What miniflare is told: the bindings of wrangler.toml, and what only one machine needs. */
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { convertV4MiniflareOptions, CoreHeaders, type MiniflareOptions, type V4ModuleDefinition } from 'miniflare'
import { z } from 'zod'
import { NEVER_PUBLIC_CIDRS } from '#outbound/addresses'
import { createAssetsFirst } from './assets-first.ts'
import type { MailOutbox } from './mail-outbox.ts'
import type { SandboxService } from './sandbox.ts'

/** Read back from our own build; miniflare checks it in full. */
const BuiltOptions = z.looseObject({
  name: z.string(),
  compatibilityDate: z.string(),
  bindings: z.record(z.string(), z.json()),
  assets: z.looseObject({ directory: z.string() }),
  ratelimits: z.record(z.string(), z.object({ simple: z.object({ limit: z.int(), period: z.int() }) })).default({}),
})

const MODULE_TYPES: Readonly<Record<string, V4ModuleDefinition['type']>> = {
  '.js': 'ESModule',
  '.wasm': 'CompiledWasm',
  '.bin': 'Data',
  '.txt': 'Text',
  '.html': 'Text',
  '.sql': 'Text',
}

const ASSETS_WORKER = 'assets'
const TLS = { trustBrowserCas: true }

export interface WorkerPlace {
  readonly host: string
  readonly port: number
  /** Where Durable Objects and R2 keep their data. */
  readonly storage: string
  readonly vars: Readonly<Record<string, string>>
  /** Requests a minute in place of those of wrangler.toml: `RATE_` and the name of the binding. */
  readonly rateLimits?: Readonly<Record<string, number | undefined>>
  /** What the binding `MAIL_OUTBOX` does; without it nothing is bound. */
  readonly mailOutbox?: MailOutbox
  /** What the binding `SANDBOX` does; without it nothing is bound. */
  readonly sandbox?: SandboxService
}

/**
 * miniflare's proxy takes a request's `cf` from a header that any client can send, and so does its direct socket.
 * Without the header's name workerd fills in `cf.clientIp` itself: the address of the peer, which nobody can forge.
 */
function trustOnlyThePeer(): void {
  Reflect.set(CoreHeaders, 'CF_BLOB', undefined)
}

/** The numbers alone: `auth/rate-limit` says who counts by them. */
function toRateLimits(built: z.infer<typeof BuiltOptions>['ratelimits'], wanted: WorkerPlace['rateLimits'] = {}) {
  return Object.fromEntries(
    Object.entries(built).map(([name, { simple }]) => [
      name,
      { ...simple, limit: wanted[`RATE_${name}`] ?? simple.limit },
    ]),
  )
}

function listModules(directory: string): V4ModuleDefinition[] {
  return readdirSync(directory).flatMap((name) => {
    const type = MODULE_TYPES[extname(name)]
    return type === undefined ? [] : [{ type, path: join(directory, name) }]
  })
}

/**
 * Derives miniflare's options from a build.
 *
 * The assets are a worker of their own, not the router in front of the main one that they would be (`assets-first.ts`).
 */
export function toMiniflareOptions(build: string, place: WorkerPlace): MiniflareOptions {
  trustOnlyThePeer()
  const { assets, ratelimits, ...main } = BuiltOptions.parse(
    JSON.parse(readFileSync(join(build, 'options.json'), 'utf8')),
  )
  const binding = z.object({ binding: z.string() }).parse(assets).binding
  return convertV4MiniflareOptions({
    // The proxy that miniflare always starts; nobody is told its port.
    host: '127.0.0.1',
    port: 0,
    cf: false,
    telemetry: { enabled: false },
    resourcePersistencePath: place.storage,
    workers: [
      {
        ...main,
        bindings: { ...main.bindings, ...toRateLimits(ratelimits, place.rateLimits), ...place.vars },
        modulesRoot: build,
        modules: [createAssetsFirst(build, binding), ...listModules(build)],
        serviceBindings: {
          [binding]: ASSETS_WORKER,
          OUTBOUND_PUBLIC: { network: { allow: ['public'], deny: [...NEVER_PUBLIC_CIDRS], tlsOptions: TLS } },
          OUTBOUND_INTERNAL: { network: { allow: ['public', 'private', 'local'], tlsOptions: TLS } },
          ...(place.mailOutbox && { MAIL_OUTBOX: place.mailOutbox }),
          ...(place.sandbox && { SANDBOX: place.sandbox.fetch }),
        },
        unsafeDirectSockets: [{ host: place.host, port: place.port }],
      },
      {
        name: ASSETS_WORKER,
        compatibilityDate: main.compatibilityDate,
        modules: true,
        script: 'export default { fetch: () => new Response(null, { status: 404 }) }',
        assets: { ...assets, binding: undefined },
      },
    ],
  })
}
