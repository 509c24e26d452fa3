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
} as const satisfies Record<string, readonly Item[]>

export type Part = keyof typeof parts
export type AnyItem = Item

type Section = { name: 'directory' | 'groups' | 'provider' | 'claims' | 'visit' | 'proxy'; items: readonly Item[] }
const depths = ['0', '1', '2']

/** The ways to sign in, and the items of each, in sections. */
export const modes = {
  db_auth: [],
  ldap_auth: [
    {
      name: 'directory',
      items: [
        text('ldap_url'),
        text('ldap_search_dn'),
        { name: 'ldap_search_password', kind: 'secret' },
        text('ldap_base_dn'),
        text('ldap_filter'),
        text('ldap_uid'),
        { name: 'ldap_scope', kind: 'choice', values: depths },
        number('ldap_timeout', 1, 3600),
        flag('ldap_verify_cert'),
      ],
    },
    {
      name: 'groups',
      items: [
        text('ldap_group_base_dn'),
        text('ldap_group_search_filter'),
        text('ldap_group_attribute_name'),
        { name: 'ldap_group_search_scope', kind: 'choice', values: depths },
        text('ldap_group_membership_attribute'),
        text('ldap_group_admin_dn'),
        flag('ldap_group_attach_parallel'),
      ],
    },
  ],
  oidc_auth: [
    {
      name: 'provider',
      items: [
        text('oidc_name'),
        text('oidc_endpoint'),
        text('oidc_client_id'),
        { name: 'oidc_client_secret', kind: 'secret' },
        text('oidc_scope'),
        flag('oidc_verify_cert'),
      ],
    },
    {
      name: 'claims',
      items: [text('oidc_user_claim'), text('oidc_groups_claim'), text('oidc_group_filter'), text('oidc_admin_group')],
    },
    {
      name: 'visit',
      items: [
        flag('primary_auth_mode'),
        flag('oidc_auto_onboard'),
        flag('oidc_logout'),
        text('oidc_extra_redirect_parms'),
      ],
    },
  ],
  http_auth: [
    {
      name: 'proxy',
      items: [
        text('http_authproxy_endpoint'),
        text('http_authproxy_tokenreview_endpoint'),
        flag('http_authproxy_verify_cert'),
        { name: 'http_authproxy_server_certificate', kind: 'long' },
        flag('http_authproxy_skip_search'),
        text('http_authproxy_admin_groups'),
        text('http_authproxy_admin_usernames'),
      ],
    },
  ],
  uaa_auth: [
    {
      name: 'provider',
      items: [
        text('uaa_endpoint'),
        text('uaa_client_id'),
        { name: 'uaa_client_secret', kind: 'secret' },
        flag('uaa_verify_cert'),
      ],
    },
  ],
} as const satisfies Record<string, readonly Section[]>

export type Mode = keyof typeof modes
export const modeNames = Object.keys(modes) as Mode[]
export const modeItem: Item = { name: 'auth_mode', kind: 'choice', values: modeNames }
