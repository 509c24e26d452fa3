/** The claims of a token, whose signature may be right or not. */
export type Claims = Readonly<Record<string, unknown>>

/**
 * The claim of this name; where there is none, `/` leads into objects: `kubernetes.io/serviceaccount/name`. Undefined
 * when it is absent.
 */
export function claimAt(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name]
  let value: unknown = claims
  for (const part of name.split('/')) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, part))
      return undefined
    value = (value as Record<string, unknown>)[part]
  }
  return value
}

/** The most entries of a list that are compared. */
const mostTexts = 1000

/** The texts of a claim: a text, a number or true and false as text, or those of a list. An object has none. */
export function textsOf(value: unknown): string[] {
  const all: unknown[] = Array.isArray(value) ? value.slice(0, mostTexts) : [value]
  return all.flatMap((one) => (['string', 'number', 'boolean'].includes(typeof one) ? [String(one)] : []))
}
