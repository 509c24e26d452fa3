import {
  AndFilter,
  EqualityFilter,
  ExtensibleFilter,
  FilterParser,
  OrFilter,
  PresenceFilter,
  type Filter,
} from 'ldapts'

/**
 * A filter that an administrator wrote (RFC 4515), also without its outermost parentheses, as Harbor takes it.
 * Undefined for an empty one. Throws Error for one that cannot be read.
 */
export function parseFilter(text: string): Filter | undefined {
  const trimmed = text.trim()
  if (trimmed === '') return undefined
  return FilterParser.parseString(trimmed.startsWith('(') ? trimmed : `(${trimmed})`)
}

/**
 * An attribute has this value. The value is sent as bytes with their length (RFC 4511, 4.5.1.7): it is never part of a
 * text that is parsed, so that no character of a name means anything.
 */
export const equals = (attribute: string, value: string): Filter => new EqualityFilter({ attribute, value })

export const isPresent = (attribute: string): Filter => new PresenceFilter({ attribute })

/** All of these hold; those that are undefined are left out. */
export function all(...filters: (Filter | undefined)[]): Filter {
  const given = filters.filter((one) => one !== undefined)
  return given.length === 1 ? given[0]! : new AndFilter({ filters: given })
}

export const any = (...filters: Filter[]): Filter => (filters.length === 1 ? filters[0]! : new OrFilter({ filters }))

/** Active Directory's LDAP_MATCHING_RULE_IN_CHAIN: a value that is reached through any number of groups. */
export const inChain = (attribute: string, value: string): Filter =>
  new ExtensibleFilter({ matchType: attribute, rule: '1.2.840.113556.1.4.1941', value, dnAttributes: false })
