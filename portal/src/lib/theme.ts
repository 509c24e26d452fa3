import { effect, signal } from '@preact/signals'
import { recall, remember } from './storage.ts'

export const themes = ['system', 'light', 'dark'] as const
type Theme = (typeof themes)[number]

const first = themes.find((one) => one === recall('theme')) ?? 'system'
/** The chosen theme. index.html sets it before the first paint, from the same place. */
export const theme = signal<Theme>(first)

effect(() => {
  const chosen = theme.value === 'system' ? undefined : theme.value
  if (chosen) document.documentElement.dataset['theme'] = chosen
  else delete document.documentElement.dataset['theme']
  if (chosen !== recall('theme')) remember('theme', chosen)
})
