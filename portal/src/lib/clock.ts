import { signal } from '@preact/signals'

/** The time in ms since 1970, to the half minute: all relative times on a page follow this one clock. */
export const now = signal(Date.now())

setInterval(() => {
  if (document.visibilityState === 'visible') now.value = Date.now()
}, 30_000)
