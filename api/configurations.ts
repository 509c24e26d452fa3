import { Type } from './type.ts'
import { operation } from './operation.ts'

export const InternalConfigurationValue = Type.Object({
  // Harbor's OpenAPI document says object; in its answers these are plain values.
  value: Type.Unknown(),
  editable: Type.Boolean(),
})

export const InternalConfigurationsResponse = Type.Record(Type.String(), InternalConfigurationValue)

export const StringConfigItem = Type.Object({
  value: Type.String(),
  editable: Type.Boolean(),
})

export const BoolConfigItem = Type.Object({
  value: Type.Boolean(),
  editable: Type.Boolean(),
})

export const IntegerConfigItem = Type.Object({
  value: Type.Integer(),
  editable: Type.Boolean(),
})

export const ConfigurationsResponse = Type.Object({
  auth_mode: Type.Optional(StringConfigItem),
  primary_auth_mode: Type.Optional(BoolConfigItem),
  ldap_base_dn: Type.Optional(StringConfigItem),
  ldap_filter: Type.Optional(StringConfigItem),
  ldap_group_base_dn: Type.Optional(StringConfigItem),
  ldap_group_admin_dn: Type.Optional(StringConfigItem),
  ldap_group_attribute_name: Type.Optional(StringConfigItem),
  ldap_group_search_filter: Type.Optional(StringConfigItem),
  ldap_group_search_scope: Type.Optional(IntegerConfigItem),
  ldap_group_attach_parallel: Type.Optional(BoolConfigItem),
  ldap_scope: Type.Optional(IntegerConfigItem),
  ldap_search_dn: Type.Optional(StringConfigItem),
  ldap_timeout: Type.Optional(IntegerConfigItem),
  ldap_uid: Type.Optional(StringConfigItem),
  ldap_url: Type.Optional(StringConfigItem),
  ldap_verify_cert: Type.Optional(BoolConfigItem),
  ldap_group_membership_attribute: Type.Optional(StringConfigItem),
  project_creation_restriction: Type.Optional(StringConfigItem),
  read_only: Type.Optional(BoolConfigItem),
  self_registration: Type.Optional(BoolConfigItem),
  token_expiration: Type.Optional(IntegerConfigItem),
  uaa_client_id: Type.Optional(StringConfigItem),
  uaa_client_secret: Type.Optional(StringConfigItem),
  uaa_endpoint: Type.Optional(StringConfigItem),
  uaa_verify_cert: Type.Optional(BoolConfigItem),
  http_authproxy_endpoint: Type.Optional(StringConfigItem),
  http_authproxy_tokenreview_endpoint: Type.Optional(StringConfigItem),
  http_authproxy_admin_groups: Type.Optional(StringConfigItem),
  http_authproxy_admin_usernames: Type.Optional(StringConfigItem),
  http_authproxy_verify_cert: Type.Optional(BoolConfigItem),
  http_authproxy_skip_search: Type.Optional(BoolConfigItem),
  http_authproxy_server_certificate: Type.Optional(StringConfigItem),
  oidc_name: Type.Optional(StringConfigItem),
  oidc_endpoint: Type.Optional(StringConfigItem),
  oidc_client_id: Type.Optional(StringConfigItem),
  oidc_groups_claim: Type.Optional(StringConfigItem),
  oidc_admin_group: Type.Optional(StringConfigItem),
  oidc_group_filter: Type.Optional(StringConfigItem),
  oidc_scope: Type.Optional(StringConfigItem),
  oidc_user_claim: Type.Optional(StringConfigItem),
  oidc_verify_cert: Type.Optional(BoolConfigItem),
  oidc_auto_onboard: Type.Optional(BoolConfigItem),
  oidc_extra_redirect_parms: Type.Optional(StringConfigItem),
  oidc_logout: Type.Optional(BoolConfigItem),
  robot_token_duration: Type.Optional(IntegerConfigItem),
  robot_name_prefix: Type.Optional(StringConfigItem),
  notification_enable: Type.Optional(BoolConfigItem),
  quota_per_project_enable: Type.Optional(BoolConfigItem),
  storage_per_project: Type.Optional(IntegerConfigItem),
  audit_log_forward_endpoint: Type.Optional(StringConfigItem),
  skip_audit_log_database: Type.Optional(BoolConfigItem),
  scanner_skip_update_pulltime: Type.Optional(BoolConfigItem),
  scan_all_policy: Type.Optional(
    Type.Object({
      type: Type.Optional(Type.String()),
      parameter: Type.Optional(
        Type.Object({
          daily_time: Type.Optional(Type.Integer()),
        }),
      ),
    }),
  ),
  session_timeout: Type.Optional(IntegerConfigItem),
  banner_message: Type.Optional(StringConfigItem),
  disabled_audit_log_event_types: Type.Optional(StringConfigItem),
})

export const Configurations = Type.Object({
  auth_mode: Type.Optional(Type.String()),
  primary_auth_mode: Type.Optional(Type.Boolean()),
  ldap_base_dn: Type.Optional(Type.String()),
  ldap_filter: Type.Optional(Type.String()),
  ldap_group_base_dn: Type.Optional(Type.String()),
  ldap_group_admin_dn: Type.Optional(Type.String()),
  ldap_group_attribute_name: Type.Optional(Type.String()),
  ldap_group_search_filter: Type.Optional(Type.String()),
  ldap_group_search_scope: Type.Optional(Type.Integer()),
  ldap_group_attach_parallel: Type.Optional(Type.Boolean()),
  ldap_scope: Type.Optional(Type.Integer()),
  ldap_search_dn: Type.Optional(Type.String()),
  ldap_search_password: Type.Optional(Type.String()),
  ldap_timeout: Type.Optional(Type.Integer()),
  ldap_uid: Type.Optional(Type.String()),
  ldap_url: Type.Optional(Type.String()),
  ldap_verify_cert: Type.Optional(Type.Boolean()),
  ldap_group_membership_attribute: Type.Optional(Type.String()),
  project_creation_restriction: Type.Optional(Type.String()),
  read_only: Type.Optional(Type.Boolean()),
  self_registration: Type.Optional(Type.Boolean()),
  token_expiration: Type.Optional(Type.Integer()),
  uaa_client_id: Type.Optional(Type.String()),
  uaa_client_secret: Type.Optional(Type.String()),
  uaa_endpoint: Type.Optional(Type.String()),
  uaa_verify_cert: Type.Optional(Type.Boolean()),
  http_authproxy_endpoint: Type.Optional(Type.String()),
  http_authproxy_tokenreview_endpoint: Type.Optional(Type.String()),
  http_authproxy_admin_groups: Type.Optional(Type.String()),
  http_authproxy_admin_usernames: Type.Optional(Type.String()),
  http_authproxy_verify_cert: Type.Optional(Type.Boolean()),
  http_authproxy_skip_search: Type.Optional(Type.Boolean()),
  http_authproxy_server_certificate: Type.Optional(Type.String()),
  oidc_name: Type.Optional(Type.String()),
  oidc_endpoint: Type.Optional(Type.String()),
  oidc_client_id: Type.Optional(Type.String()),
  oidc_client_secret: Type.Optional(Type.String()),
  oidc_groups_claim: Type.Optional(Type.String()),
  oidc_admin_group: Type.Optional(Type.String()),
  oidc_group_filter: Type.Optional(Type.String()),
  oidc_scope: Type.Optional(Type.String()),
  oidc_user_claim: Type.Optional(Type.String()),
  oidc_verify_cert: Type.Optional(Type.Boolean()),
  oidc_auto_onboard: Type.Optional(Type.Boolean()),
  oidc_extra_redirect_parms: Type.Optional(Type.String()),
  oidc_logout: Type.Optional(Type.Boolean()),
  robot_token_duration: Type.Optional(Type.Integer()),
  robot_name_prefix: Type.Optional(Type.String()),
  notification_enable: Type.Optional(Type.Boolean()),
  quota_per_project_enable: Type.Optional(Type.Boolean()),
  storage_per_project: Type.Optional(Type.Integer()),
  audit_log_forward_endpoint: Type.Optional(Type.String()),
  skip_audit_log_database: Type.Optional(Type.Boolean()),
  session_timeout: Type.Optional(Type.Integer()),
  scanner_skip_update_pulltime: Type.Optional(Type.Boolean()),
  banner_message: Type.Optional(Type.String()),
  disabled_audit_log_event_types: Type.Optional(Type.String()),
})

const tag = 'configure'

export const getConfigurations = operation({
  id: 'getConfigurations',
  tag,
  method: 'GET',
  path: '/configurations',
  summary: 'Read the configuration items; secrets are left out',
  status: 200,
  answer: ConfigurationsResponse,
})

export const getInternalConfiguration = operation({
  id: 'getInternalconfig',
  tag,
  method: 'GET',
  path: '/internalconfig',
  summary: "Read the configuration items at the path that Harbor's own parts use",
  status: 200,
  answer: InternalConfigurationsResponse,
})

export const updateConfigurations = operation({
  id: 'updateConfigurations',
  tag,
  method: 'PUT',
  path: '/configurations',
  summary: 'Change configuration items; those that are not named stay, unknown ones are ignored',
  body: Configurations,
  status: 200,
})
