import { effect, signal } from '@preact/signals'
import { recall, remember } from '../lib/storage.ts'

export const languages = { en: 'English', de: 'Deutsch' } as const
export type Language = keyof typeof languages

const isLanguage = (text: string | undefined): text is Language => text !== undefined && text in languages
const chosen = recall('language')
const first = [chosen, ...navigator.languages.map((one) => one.slice(0, 2))].find(isLanguage) ?? 'en'

/** The language of all words, numbers and times. */
export const language = signal<Language>(first)

effect(() => {
  document.documentElement.lang = language.value
})

/** Takes a language and remembers it in this browser. */
export function speak(wanted: Language): void {
  language.value = wanted
  remember('language', wanted)
}

/**
 * The words of a part of the portal, in every language. English says which words there are: a word that another
 * language lacks is an error of types. Call the result in a component, which then follows the chosen language.
 */
export function wordsOf<Words extends object>(all: { en: Words } & Record<Exclude<Language, 'en'>, NoInfer<Words>>) {
  return (): Words => all[language.value]
}

/** Chooses the form that a count needs in the present language: `plural(n, { one: 'tag', other: 'tags' })`. */
export function plural(count: number, forms: { one: string; other: string }): string {
  const rule = new Intl.PluralRules(language.value).select(count)
  return rule === 'one' ? forms.one : forms.other
}
