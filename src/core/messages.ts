/** Every sentence that a person reads, in both languages. `{name}` is filled from the error's parameters. */

export const LOCALES = ['pt', 'en'] as const
export type Locale = (typeof LOCALES)[number]
export const DEFAULT_LOCALE: Locale = 'pt'

export type Sentence = Readonly<Record<Locale, string>>
export type Params = Readonly<Record<string, string | number>>
/** A value that is a sentence itself is said in the language of the one around it. */
export type SentenceParams = Readonly<Record<string, string | number | Sentence>>

/** Fills a sentence; a parameter that is missing stays visible as `{name}`. */
export function say(sentence: Sentence, locale: Locale, params: SentenceParams = {}): string {
  return sentence[locale].replace(/\{(\w+)\}/g, (placeholder, name: string) => {
    const value = params[name] ?? placeholder
    return typeof value === 'object' ? value[locale] : String(value)
  })
}

/** The first language of an `Accept-Language` header (RFC 9110, 12.5.4) that we speak; Portuguese for any other. */
export function chooseLocale(header: string | undefined): Locale {
  const ranges = (header ?? '').split(',').map((range) => {
    const [tag = '', ...options] = range.trim().toLowerCase().split(';')
    const quality = options.map((option) => /^\s*q=([\d.]+)\s*$/.exec(option)?.[1]).find((q) => q !== undefined)
    return { tag, quality: quality === undefined ? 1 : Number(quality) }
  })
  const wanted = ranges.filter((range) => range.quality > 0).toSorted((a, b) => b.quality - a.quality)
  for (const { tag } of wanted) {
    const spoken = LOCALES.find((locale) => tag === locale || tag.startsWith(`${locale}-`))
    if (spoken !== undefined) return spoken
    if (tag === '*') return DEFAULT_LOCALE
  }
  return DEFAULT_LOCALE
}
