import { compileRegex } from '../../platform/regex.ts'
import { isVisible } from '../../platform/visible.ts'

export type Claims = Record<string, unknown>

/** What the settings say about claims; see `oidc_*` in features/settings/items.ts. */
export type ClaimRules = { userClaim: string; groupsClaim: string; groupFilter: string; adminGroup: string }

/** What claims give. `used`: the names of the claims; `notes`: what was left out, for administrators. */
export type ReadClaims = {
  username: string
  email: string | null
  groups: string[]
  isAdmin: boolean
  used: { username?: string; email?: string; groups?: string }
  notes: string[]
}

/** The most groups that a person has from claims, and the longest name of one. */
const mostGroups = 1000
const longestGroup = 255

/**
 * The claims of both sources together. Those of the userinfo endpoint count before those of the ID token, as in Harbor;
 * the issuer and the subject are those of the ID token, which is signed.
 */
export function mergeClaims(idToken: Claims, userInfo: Claims | undefined): Claims {
  return { ...idToken, ...userInfo, iss: idToken['iss'], sub: idToken['sub'] }
}

/**
 * Reads name, e-mail and groups. The name is the claim `userClaim` when it is there, else `name`, else
 * `preferred_username`; blanks in it become `_`. No groups claim, an empty one, and one of another form all mean "no
 * groups" (Z02).
 */
export function readClaims(claims: Claims, rules: ClaimRules): ReadClaims {
  const notes: string[] = []
  const used: ReadClaims['used'] = {}
  const nameClaim = nameClaimOf(claims, rules.userClaim, notes)
  if (nameClaim) used.username = nameClaim
  const username = nameClaim
    ? storable(claims[nameClaim] as string)
        .trim()
        .replaceAll(' ', '_')
    : ''
  const { email } = claims
  if (typeof email === 'string' && email !== '') used.email = 'email'
  const named = groupsIn(claims, rules.groupsClaim, notes)
  if (named) used.groups = rules.groupsClaim
  const groups = filtered(named ?? [], rules.groupFilter, notes)
  return {
    username,
    email: used.email ? storable(email as string) : null,
    groups,
    isAdmin: rules.adminGroup !== '' && groups.includes(rules.adminGroup),
    used,
    notes,
  }
}

function nameClaimOf(claims: Claims, wanted: string, notes: string[]): string | undefined {
  const isText = (name: string) => typeof claims[name] === 'string' && claims[name] !== ''
  if (wanted !== '' && isText(wanted)) return wanted
  if (wanted !== '') notes.push(`the claim ${wanted} (oidc_user_claim) is missing or no text`)
  return ['name', 'preferred_username'].find(isText)
}

/** Undefined when there is no usable claim of groups. */
function groupsIn(claims: Claims, name: string, notes: string[]): string[] | undefined {
  if (name === '') return undefined
  const value = claims[name]
  const left = claims['_claim_names']
  if (value === undefined && typeof left === 'object' && left !== null && name in left) {
    notes.push(`the provider left ${name} out because there are too many groups: have it send only assigned groups`)
    return undefined
  }
  const list = typeof value === 'string' ? [value] : value
  if (!Array.isArray(list)) {
    notes.push(`the claim ${name} (oidc_groups_claim) is ${value === undefined ? 'missing' : 'no list of texts'}`)
    return undefined
  }
  const isUsable = (one: unknown): one is string =>
    typeof one === 'string' && one !== '' && one.length <= longestGroup && isVisible(one) && one.isWellFormed()
  const usable = [...new Set(list.filter(isUsable))]
  const strange = list.filter((one) => !isUsable(one)).length
  if (strange > 0)
    notes.push(`${strange} groups left out: a group is a text of 1 to ${longestGroup} visible characters`)
  if (usable.length > mostGroups) notes.push(`${usable.length - mostGroups} groups left out: ${mostGroups} are kept`)
  return usable.slice(0, mostGroups)
}

/** The groups whose names hold a match of the filter, as in Harbor; all of them without a filter. */
function filtered(groups: string[], filter: string, notes: string[]): string[] {
  if (filter === '') return groups
  const expression = compileRegex(anywhere(filter))
  const kept = groups.filter((one) => expression.matches(one))
  if (kept.length < groups.length) notes.push(`${groups.length - kept.length} groups left out by oidc_group_filter`)
  return kept
}

/** An expression that matches a text which holds a match of `pattern`; the settings check it in this form. */
const anywhere = (pattern: string) => `(?s:.*)(?:${pattern})(?s:.*)`

/** Text that PostgreSQL can hold: without NUL and halves of characters. */
const storable = (text: string) => text.toWellFormed().replaceAll('\0', '')
/** The same, in the text of a JSON value. */
const unstorable = /\\u(?:0000|d[89a-f])/i

/** Claims that are no statement about the person but part of the protocol. */
const ofProtocol = new Set(['nonce', 'at_hash', 'c_hash', 's_hash', 'jti', 'sid', 'access_token', 'refresh_token'])
const longestValue = 2000
const longestClaims = 16_000

/**
 * Claims as an administrator is shown them: no parts of the protocol, each value of at most 2,000 characters of JSON,
 * 16,000 together.
 */
export function shownClaims(claims: Claims): Claims {
  const shown: Claims = {}
  let left = longestClaims
  for (const [name, value] of Object.entries(claims)) {
    if (ofProtocol.has(name) || name.length > 200 || storable(name) !== name) continue
    const text = JSON.stringify(value) ?? 'null'
    const kept = unstorable.test(text)
      ? '(holds characters that cannot be shown)'
      : text.length > longestValue
        ? `${text.slice(0, longestValue).toWellFormed()}…`
        : value
    if ((left -= Math.min(text.length, longestValue) + name.length) < 0) break
    shown[name] = kept
  }
  return shown
}
