import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from 'react'
import { en, type Texts } from './en.ts'

export const LANGUAGES = { en: 'English', es: 'Español' } as const
export type Language = keyof typeof LANGUAGES

const KEY = 'creatorscook.language'

type Context = { language: Language; setLanguage: (language: Language) => void; t: Texts; format: Format }
const LanguageContext = createContext<Context | null>(null)

/** Numbers and times in the page's language. */
export type Format = ReturnType<typeof formats>

function formats(language: Language) {
  const plain = new Intl.NumberFormat(language, { maximumFractionDigits: 1 })
  const two = new Intl.NumberFormat(language, { maximumFractionDigits: 2 })
  const signed = new Intl.NumberFormat(language, { maximumFractionDigits: 2, minimumFractionDigits: 2, signDisplay: 'exceptZero' })
  const share = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 0 })
  const compact = new Intl.NumberFormat(language, { notation: 'compact', maximumFractionDigits: 1 })
  const day = new Intl.DateTimeFormat(language, { dateStyle: 'medium' })
  const short = new Intl.DateTimeFormat(language, { day: 'numeric', month: 'short' })
  const moment = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' })
  const relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto' })
  const languages = new Intl.DisplayNames(language, { type: 'language' })
  return {
    number: (value: number) => plain.format(value),
    two: (value: number) => two.format(value),
    signed: (value: number) => signed.format(value),
    share: (value: number) => share.format(value),
    compact: (value: number) => compact.format(value),
    day: (time: string) => day.format(new Date(time)),
    short: (time: string | number) => short.format(new Date(time)),
    moment: (time: string) => moment.format(new Date(time)),
    /** "3 hours ago" within a week, otherwise the day. */
    ago(time: string) {
      const seconds = (Date.parse(time) - Date.now()) / 1000
      const [size, unit] =
        Math.abs(seconds) < 3600 ? ([60, 'minute'] as const)
        : Math.abs(seconds) < 86_400 ? ([3600, 'hour'] as const)
        : ([86_400, 'day'] as const)
      const count = Math.round(seconds / size)
      return unit === 'day' && Math.abs(count) > 7 ? day.format(new Date(time)) : relative.format(count, unit)
    },
    money: (value: number, currency: string | null) =>
      currency ? new Intl.NumberFormat(language, { style: 'currency', currency }).format(value) : plain.format(value),
    language(code: string) {
      try {
        return languages.of(code) ?? code
      } catch {
        return code
      }
    },
  }
}

export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language, choose] = useState<Language>(preferred)
  const [texts, setTexts] = useState<Texts | null>(language === 'en' ? en : null)

  useEffect(() => {
    document.documentElement.lang = language
    if (language === 'en') setTexts(en)
    else void import('./es.ts').then(({ es }) => setTexts(es))
  }, [language])

  const context = useMemo<Context | null>(
    () =>
      texts && {
        language,
        setLanguage: (next) => {
          localStorage.setItem(KEY, next)
          choose(next)
        },
        t: texts,
        format: formats(language),
      },
    [language, texts],
  )
  return context && <LanguageContext value={context}>{children}</LanguageContext>
}

export function useLanguage(): Context {
  const context = useContext(LanguageContext)
  if (!context) throw new Error('useLanguage is for what stands inside LanguageProvider')
  return context
}

function preferred(): Language {
  const wanted = [localStorage.getItem(KEY) ?? '', ...navigator.languages].map((name) => name.slice(0, 2))
  return (wanted.find((name) => name in LANGUAGES) as Language | undefined) ?? 'en'
}
