import { isCallable } from '../../platform/outbound/outbound.ts'
import { regexProblem } from '../../platform/regex.ts'

/** What is wrong with values of `oidc_*` items; undefined when nothing is. An empty text switches the item off. */
export const oidcRules = {
  endpoint: (value: string) =>
    value === '' || (isCallable(value) && !/[?#]/.test(value))
      ? undefined
      : "must be the provider's issuer, a URL such as https://id.example.com/realms/main, without ? and #",
  // RFC 6749, 3.3, separated by commas or blanks.
  scope: (value: string) =>
    /^[\x21\x23-\x5b\x5d-\x7e ]*$/.test(value) ? undefined : 'must be scopes separated by commas: openid,profile,email',
  claim: (value: string) =>
    value.length <= 200 && !/\p{Cc}/u.test(value)
      ? undefined
      : 'must be the name of a claim, of at most 200 characters',
  groupFilter: (value: string) => (value === '' ? undefined : regexProblem(`(?s:.*)(?:${value})(?s:.*)`)),
  extraParameters,
}

/** Parameters of the authorization request that Marina sets itself: they keep the sign-in safe. */
const own = new Set(
  'client_id redirect_uri response_type response_mode scope state nonce code_challenge code_challenge_method'
    .split(' ')
    .concat('request', 'request_uri', 'registration', 'claims'),
)

function extraParameters(value: string): string | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(value)
  } catch {
    return 'must be a JSON object'
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return 'must be a JSON object'
  for (const [name, one] of Object.entries(parsed)) {
    if (typeof one !== 'string') return `must be a JSON object of texts: ${JSON.stringify(name.slice(0, 60))} is none`
    if (own.has(name)) return `cannot set ${name}: Marina sets it itself`
  }
  return undefined
}
