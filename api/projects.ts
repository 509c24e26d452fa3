import { Type } from 'typebox'
import { CVEAllowlist } from './cve-allowlist.ts'
import { ResourceList } from './quotas.ts'
import { Registry } from './registries.ts'

const ProjectMetadata = Type.Object({
  public: Type.Optional(Type.String()),
  enable_content_trust: Type.Optional(Type.String()),
  enable_content_trust_cosign: Type.Optional(Type.String()),
  prevent_vul: Type.Optional(Type.String()),
  severity: Type.Optional(Type.String()),
  auto_scan: Type.Optional(Type.String()),
  auto_sbom_generation: Type.Optional(Type.String()),
  reuse_sys_cve_allowlist: Type.Optional(Type.String()),
  retention_id: Type.Optional(Type.String()),
  proxy_speed_kb: Type.Optional(Type.String()),
  max_upstream_conn: Type.Optional(Type.String()),
  proxy_cache_local_on_not_found: Type.Optional(Type.String()),
  proxy_referrer_api: Type.Optional(Type.String()),
  proxy_cache_filter_pattern: Type.Optional(Type.String()),
  proxy_cache_filter_kind: Type.Optional(Type.String()),
})

export const Project = Type.Object({
  project_id: Type.Optional(Type.Integer()),
  owner_id: Type.Optional(Type.Integer()),
  name: Type.Optional(Type.String()),
  registry_id: Type.Optional(Type.Integer()),
  creation_time: Type.Optional(Type.String({ format: 'date-time' })),
  update_time: Type.Optional(Type.String({ format: 'date-time' })),
  deleted: Type.Optional(Type.Boolean()),
  owner_name: Type.Optional(Type.String()),
  togglable: Type.Optional(Type.Boolean()),
  current_user_role_id: Type.Optional(Type.Integer()),
  current_user_role_ids: Type.Optional(Type.Array(Type.Integer())),
  repo_count: Type.Optional(Type.Integer()),
  metadata: Type.Optional(ProjectMetadata),
  cve_allowlist: Type.Optional(CVEAllowlist),
})

export const ProjectReq = Type.Object({
  project_name: Type.Optional(Type.String({ maxLength: 255 })),
  public: Type.Optional(Type.Boolean()),
  metadata: Type.Optional(ProjectMetadata),
  cve_allowlist: Type.Optional(CVEAllowlist),
  storage_limit: Type.Optional(Type.Integer()),
  registry_id: Type.Optional(Type.Integer()),
})

export const ProjectDeletable = Type.Object({
  deletable: Type.Optional(Type.Boolean()),
  message: Type.Optional(Type.String()),
})

const ProjectSummaryQuota = Type.Object({
  hard: Type.Optional(ResourceList),
  used: Type.Optional(ResourceList),
})

export const ProjectSummary = Type.Object({
  repo_count: Type.Optional(Type.Integer()),
  project_admin_count: Type.Optional(Type.Integer()),
  maintainer_count: Type.Optional(Type.Integer()),
  developer_count: Type.Optional(Type.Integer()),
  guest_count: Type.Optional(Type.Integer()),
  limited_guest_count: Type.Optional(Type.Integer()),
  quota: Type.Optional(ProjectSummaryQuota),
  registry: Type.Optional(Registry),
})
