import { parseForwardTarget } from '../../platform/observe/forward.ts'
import { oidcRules } from './oidc-rules.ts'

/** The rule for an item's value. `problem` says what is wrong with a value of the right type. */
type Kind<Value> = { fallback: Value; isSecret?: true; problem?: (value: Value) => string | undefined }

const text = (fallback = '', more: Partial<Kind<string>> = {}): Kind<string> => ({ fallback, ...more })
const flag = (fallback: boolean, more: Partial<Kind<boolean>> = {}): Kind<boolean> => ({ fallback, ...more })
const secret = (): Kind<string> => ({ fallback: '', isSecret: true })
const oneOf = (fallback: string, ...others: string[]) =>
  text(fallback, {
    problem: (value) =>
      [fallback, ...others].includes(value) ? undefined : `must be ${[fallback, ...others].join(' or ')}`,
  })
const number = (fallback: number, min: number, max: number, also?: number): Kind<number> => ({
  fallback,
  problem: (value) =>
    value === also || (value >= min && value <= max)
      ? undefined
      : `must be ${also === undefined ? '' : `${also} or `}${min} to ${max}`,
})

/** 1024 TiB, Harbor's largest limit. */
const largestStorage = 2 ** 50

/** Every item that an administrator can change while Marina runs, with Harbor's names and defaults. */
export const items = {
  // The value also needs its provider (features/accounts/outside/).
  auth_mode: oneOf('db_auth', 'ldap_auth', 'uaa_auth', 'http_auth', 'oidc_auth'),
  primary_auth_mode: flag(false),
  self_registration: flag(false),
  ldap_url: text('', {
    problem: (value) =>
      /\/\/[^/]*@/.test(value)
        ? 'must not hold a name or password: put them into ldap_search_dn and ldap_search_password'
        : undefined,
  }),
  ldap_search_dn: text(),
  ldap_search_password: secret(),
  ldap_base_dn: text(),
  ldap_filter: text(),
  ldap_uid: text('cn'),
  ldap_scope: number(2, 0, 2),
  ldap_timeout: number(5, 1, 3600),
  ldap_verify_cert: flag(true),
  ldap_group_base_dn: text(),
  ldap_group_admin_dn: text(),
  ldap_group_attribute_name: text(),
  ldap_group_search_filter: text(),
  ldap_group_search_scope: number(2, 0, 2),
  ldap_group_attach_parallel: flag(false),
  ldap_group_membership_attribute: text('memberof'),
  uaa_client_id: text(),
  uaa_client_secret: secret(),
  uaa_endpoint: text(),
  uaa_verify_cert: flag(false),
  http_authproxy_endpoint: text(),
  http_authproxy_tokenreview_endpoint: text(),
  http_authproxy_admin_groups: text(),
  http_authproxy_admin_usernames: text(),
  http_authproxy_verify_cert: flag(true),
  http_authproxy_skip_search: flag(false),
  http_authproxy_server_certificate: text(),
  oidc_name: text(),
  oidc_endpoint: text('', { problem: oidcRules.endpoint }),
  oidc_client_id: text(),
  oidc_client_secret: secret(),
  oidc_groups_claim: text('', { problem: oidcRules.claim }),
  oidc_admin_group: text(),
  oidc_group_filter: text('', { problem: oidcRules.groupFilter }),
  oidc_scope: text('', { problem: oidcRules.scope }),
  oidc_user_claim: text('', { problem: oidcRules.claim }),
  oidc_verify_cert: flag(true),
  oidc_auto_onboard: flag(false),
  oidc_extra_redirect_parms: text('{}', { problem: oidcRules.extraParameters }),
  oidc_logout: flag(false),
  project_creation_restriction: oneOf('everyone', 'adminonly'),
  read_only: flag(false),
  token_expiration: number(30, 1, 1440),
  session_timeout: number(60, 1, 43_200),
  robot_token_duration: number(30, 1, 36_500, -1),
  robot_name_prefix: text('robot$', {
    problem: (value) =>
      /^[^\s:/]{1,64}$/.test(value) ? undefined : 'must be 1 to 64 characters without space, colon or slash',
  }),
  quota_per_project_enable: flag(true),
  storage_per_project: number(-1, 1, largestStorage, -1),
  notification_enable: flag(true),
  banner_message: text(),
  scanner_skip_update_pulltime: flag(false),
  audit_log_forward_endpoint: text('', {
    problem: (value) => (value === '' ? undefined : problemOf(() => parseForwardTarget(value))),
  }),
  skip_audit_log_database: flag(false),
  disabled_audit_log_event_types: text('', {
    problem: (value) =>
      /^[a-z_, ]*$/.test(value) ? undefined : 'must be event types as in /auditlog-exts/events, with commas between',
  }),
} satisfies Record<string, Kind<string> | Kind<boolean> | Kind<number>>

export type ItemName = keyof typeof items
export type Settings = { [Name in ItemName]: (typeof items)[Name]['fallback'] }

/** The most characters in an item; the longest ones are certificates. */
const longestText = 64 * 1024

/** Why an item cannot have this value, or undefined. The text never holds the value: it may be a secret. */
export function itemProblem(name: ItemName, value: unknown): string | undefined {
  const { fallback, problem } = items[name] as Kind<unknown>
  if (typeof value !== typeof fallback || (typeof value === 'number' && !Number.isSafeInteger(value)))
    return `${name} must be a ${typeof fallback === 'number' ? 'whole number' : typeof fallback}`
  if (typeof value === 'string' && (value.length > longestText || value.includes('\0')))
    return `${name} is too long or holds a NUL`
  const why = problem?.(value)
  return why && `${name} ${why}`
}

export const isItem = (name: string): name is ItemName => Object.hasOwn(items, name)
export const isSecret = (name: ItemName): boolean => (items[name] as Kind<unknown>).isSecret === true

function problemOf(parse: () => unknown): string | undefined {
  try {
    parse()
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
