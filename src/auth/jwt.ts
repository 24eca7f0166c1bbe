/** What all JSON Web Tokens of ours share: one algorithm, one issuer, keys named by `kid`. */
import { createHash } from 'node:crypto'
import { errors, jwtVerify, SignJWT } from 'jose'
import type { JWTPayload } from 'jose'
import type { Config } from '#config'

export type JwtConfig = Pick<Config, 'JWT_SECRET_KEY'>

/** `typ` and `aud` keep the kinds apart: a ticket is no access token, nor the reverse (RFC 8725, 3.11 and 3.12). */
export interface JwtKind {
  readonly typ: string
  readonly audience: string
}

const ALGORITHM = 'HS256'
const ISSUER = 'synapscale'

interface Key {
  readonly kid: string
  readonly secret: Uint8Array
}

const known = new WeakMap<JwtConfig['JWT_SECRET_KEY'], readonly Key[]>()

/** The key that signs comes first. When keys are rotated, those that only verify follow it. */
function keysOf({ JWT_SECRET_KEY: texts }: JwtConfig): readonly Key[] {
  const keys = known.get(texts) ?? texts.map((text) => ({ kid: keyIdOf(text), secret: new TextEncoder().encode(text) }))
  known.set(texts, keys)
  return keys
}

/** The `kid` of a key. A digest of a prefixed secret: it names the key and tells nothing that a signature does not. */
export function keyIdOf(text: string): string {
  return createHash('sha256').update(`kid:${text}`).digest('base64url').slice(0, 8)
}

/** Signs a token. Times are Unix seconds. */
export async function signJwt(
  config: JwtConfig,
  kind: JwtKind,
  claims: JWTPayload & { readonly sub: string; readonly iat: number; readonly exp: number },
): Promise<string> {
  const [key] = keysOf(config)
  if (key === undefined) throw new Error('JWT_SECRET_KEY has no key, which its schema refuses')
  return new SignJWT({ ...claims, iss: ISSUER, aud: kind.audience })
    .setProtectedHeader({ alg: ALGORITHM, typ: kind.typ, kid: key.kid })
    .sign(key.secret)
}

/** The claims of a token of this kind that we signed and that has not expired at `now` (Unix milliseconds). */
export async function verifyJwt(
  config: JwtConfig,
  kind: JwtKind,
  text: string,
  now: number,
): Promise<JWTPayload | undefined> {
  const keys = keysOf(config)
  try {
    const { payload } = await jwtVerify(
      text,
      ({ kid }) => {
        const key = keys.find((candidate) => candidate.kid === kid)
        if (key === undefined) throw new errors.JWKSNoMatchingKey()
        return key.secret
      },
      {
        algorithms: [ALGORITHM],
        issuer: ISSUER,
        audience: kind.audience,
        typ: kind.typ,
        currentDate: new Date(now),
        requiredClaims: ['sub', 'iat', 'exp'],
      },
    )
    return payload
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined
    throw error
  }
}
