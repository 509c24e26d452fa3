import type { Fields } from './fields.ts'

/** Whom certificates stand for whose `field` matches `pattern`. A `*` in the name is what `*` in the pattern met. */
export type CertificateRule = { field: keyof Fields; pattern: string; kind: 'user' | 'robot'; name: string }

const form = /^(cn|dns|email|uri|spiffe)\s*:\s*(\S.*?)\s*=>\s*(user|robot)\s*:\s*(\S.*)$/

/** Reads `email:*@example.com => user:*`. Throws Error. */
export function parseCertificateRule(text: string): CertificateRule {
  const [, field, pattern = '', kind, name = ''] = form.exec(text.trim()) ?? []
  if (field === undefined)
    throw new Error(`${JSON.stringify(text)} is no rule such as cn:* => user:*, with cn, dns, email, uri or spiffe`)
  const stars = (of: string) => of.split('*').length - 1
  if (stars(name) > 1 || stars(name) > stars(pattern))
    throw new Error(`${JSON.stringify(text)}: the name may have one *, for what the first * of the pattern meets`)
  return { field: field as CertificateRule['field'], pattern, kind: kind as CertificateRule['kind'], name }
}

/** The rule as it is written in the settings. */
export const ruleText = ({ field, pattern, kind, name }: CertificateRule): string =>
  `${field}:${pattern} => ${kind}:${name}`

/** The account or robot that the first rule with a match names; undefined when none matches. */
export function whoseIs(
  rules: readonly CertificateRule[],
  fields: Fields,
): Pick<CertificateRule, 'kind' | 'name'> | undefined {
  const found = ruleFor(rules, fields)
  return found && { kind: found.rule.kind, name: found.name }
}

/** The first rule with a match, and the name that it gives. */
export function ruleFor(
  rules: readonly CertificateRule[],
  fields: Fields,
): { rule: CertificateRule; name: string } | undefined {
  for (const rule of rules) {
    const matcher = matcherOf(rule.field, rule.pattern)
    for (const value of fields[rule.field]) {
      const met = matcher.exec(value)
      if (met) return { rule, name: rule.name.replace('*', () => met[1] ?? '') }
    }
  }
  return undefined
}

/** What `*` does not cross: the parts of a host name, of an address, of a path. */
const edges: Record<CertificateRule['field'], string> = {
  cn: '[^\\0]+',
  dns: '[^.]+',
  email: '[^@]+',
  uri: '[^/]+',
  spiffe: '[^/]+',
}

function matcherOf(field: CertificateRule['field'], pattern: string): RegExp {
  const parts = pattern.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'))
  // RFC 4343: host names are the same in capitals.
  return new RegExp(`^${parts.join(`(${edges[field]})`)}$`, field === 'dns' ? 'i' : '')
}
