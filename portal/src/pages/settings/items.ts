/** How an item is asked for. `choice` has its values with their words in words.ts. */
type Kind = 'text' | 'long' | 'secret' | 'number' | 'flag' | 'choice'
type Item = { name: string; kind: Kind; min?: number; max?: number; values?: readonly string[] }

const flag = (name: string): Item => ({ name, kind: 'flag' })
const text = (name: string): Item => ({ name, kind: 'text' })
const number = (name: string, min: number, max: number): Item => ({ name, kind: 'number', min, max })

/** Every item that can be changed here, by the part of the page that shows it. Limits are the server's. */
export const parts = {
  access: [
    flag('self_registration'),
    { name: 'project_creation_restriction', kind: 'choice', values: ['everyone', 'adminonly'] },
    number('session_timeout', 1, 43_200),
    number('token_expiration', 1, 1440),
    text('robot_name_prefix'),
    number('robot_token_duration', -1, 36_500),
  ],
  system: [
    flag('read_only'),
    { name: 'banner_message', kind: 'long' },
    flag('quota_per_project_enable'),
    flag('notification_enable'),
    flag('scanner_skip_update_pulltime'),
  ],
  audit: [text('audit_log_forward_endpoint'), flag('skip_audit_log_database'), text('disabled_audit_log_event_types')],
  ldap: [
    text('ldap_url'),
    text('ldap_search_dn'),
    { name: 'ldap_search_password', kind: 'secret' },
    text('ldap_base_dn'),
    text('ldap_filter'),
    text('ldap_uid'),
    { name: 'ldap_scope', kind: 'choice', values: ['0', '1', '2'] },
    number('ldap_timeout', 1, 3600),
    flag('ldap_verify_cert'),
    text('ldap_group_base_dn'),
    text('ldap_group_admin_dn'),
    text('ldap_group_attribute_name'),
    text('ldap_group_search_filter'),
    { name: 'ldap_group_search_scope', kind: 'choice', values: ['0', '1', '2'] },
    text('ldap_group_membership_attribute'),
    flag('ldap_group_attach_parallel'),
  ],
  oidc: [
    text('oidc_name'),
    text('oidc_endpoint'),
    text('oidc_client_id'),
    { name: 'oidc_client_secret', kind: 'secret' },
    text('oidc_scope'),
    text('oidc_user_claim'),
    text('oidc_groups_claim'),
    text('oidc_admin_group'),
    text('oidc_group_filter'),
    text('oidc_extra_redirect_parms'),
    flag('oidc_verify_cert'),
    flag('oidc_auto_onboard'),
    flag('oidc_logout'),
    flag('primary_auth_mode'),
  ],
} as const satisfies Record<string, readonly Item[]>

export type Part = keyof typeof parts
export type AnyItem = Item
