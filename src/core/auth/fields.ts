import { z } from 'zod'

/** The lengths that the contract promises, counted as people count: in code points. */
const PASSWORD_MIN_CHARACTERS = 8
const PASSWORD_MAX_CHARACTERS = 128

/** RFC 5321, 4.5.3.1.3: a path is at most 256 octets with its angle brackets. */
const EMAIL_MAX_LENGTH = 254
const NAME_MAX_LENGTH = 255

const SAY = {
  control: { pt: 'Contém caracteres de controle.', en: 'Contains control characters.' },
  password: { pt: 'Deve ter de {min} a {max} caracteres.', en: 'Must have {min} to {max} characters.' },
  username: {
    pt: 'Use letras sem acento, números, ponto, hífen e sublinhado; comece por letra ou número.',
    en: 'Use unaccented letters, digits, dots, hyphens and underscores; begin with a letter or digit.',
  },
}

/** Neither control characters nor half surrogate pairs: this is for one line on a screen. */
function isPlain(text: string): boolean {
  return !/[\p{Cc}\p{Cs}]/u.test(text)
}

function hasPasswordLength(text: string): boolean {
  const { length } = Array.from(text)
  return length >= PASSWORD_MIN_CHARACTERS && length <= PASSWORD_MAX_CHARACTERS
}

/** An e-mail address as it is stored and looked up: trimmed, in lower case. */
export const Email = z.string().trim().toLowerCase().max(EMAIL_MAX_LENGTH, { abort: true }).check(z.email())

/** An address that somebody logs in with. Whatever is none belongs to nobody, so its answer is 401 like any other. */
export const LoginEmail = z.string().trim().toLowerCase().min(1).max(EMAIL_MAX_LENGTH)

/** A password that somebody chooses, counted before it is normalised for hashing. */
export const NewPassword = z
  .string()
  .refine(hasPasswordLength, {
    params: { sentence: SAY.password, values: { min: PASSWORD_MIN_CHARACTERS, max: PASSWORD_MAX_CHARACTERS } },
  })
  .meta({ format: 'password', minLength: PASSWORD_MIN_CHARACTERS, maxLength: PASSWORD_MAX_CHARACTERS })

/** A password that somebody logs in with: whatever was once accepted, but nothing that is only there to be hashed. */
export const LoginPassword = z.string().min(1).max(1024).meta({ format: 'password' })

const USERNAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/

/** ASCII alone, so that two names that look alike are the same, and no `@`, so that none looks like an address. */
export const Username = z
  .string()
  .trim()
  .min(3)
  .max(50)
  .refine((text) => USERNAME.test(text), { params: { sentence: SAY.username } })
  .meta({ pattern: USERNAME.source })

const nameText = z
  .string()
  .overwrite((text) => text.replace(/\s+/g, ' ').trim())
  .max(NAME_MAX_LENGTH)
  .refine(isPlain, { params: { sentence: SAY.control } })

/** A whole name or its first part. */
export const PersonName = nameText.min(1)

/** The rest of a name, which not everybody has. */
export const LastName = nameText

export const AvatarUrl = z
  .url({ protocol: /^https?$/ })
  .max(2048)
  .refine(isPlain, { params: { sentence: SAY.control } })
