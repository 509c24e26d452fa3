/** What the portal remembers in this browser. A browser that forbids storing is asked for nothing. */
export function remember(name: string, value: string | undefined): void {
  try {
    if (value === undefined) localStorage.removeItem(`marina.${name}`)
    else localStorage.setItem(`marina.${name}`, value)
  } catch {
    // Private windows of some browsers refuse; the choice lasts until the page is closed.
  }
}

export function recall(name: string): string | undefined {
  try {
    return localStorage.getItem(`marina.${name}`) ?? undefined
  } catch {
    return undefined
  }
}
