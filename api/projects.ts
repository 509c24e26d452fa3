import { Type } from './type.ts'
import { CVEAllowlist, CVEAllowlistReq } from './cve-allowlist.ts'
import { operation } from './operation.ts'
import { ResourceList } from './quotas.ts'
import { Registry } from './registries.ts'
import { listQuery, nameParam, ownBounds, ProjectEither } from './requests.ts'

export const ProjectMetadata = Type.Object({
  public: Type.Optional(Type.String()),
  enable_content_trust: Type.Optional(Type.String()),
  enable_content_trust_cosign: Type.Optional(Type.String()),
  prevent_vul: Type.Optional(Type.String()),
  severity: Type.Optional(Type.String()),
  auto_scan: Type.Optional(Type.String()),
  auto_sbom_generation: Type.Optional(Type.String()),
  sbom_maker: Type.Optional(
    Type.String({ description: "scanner: SBOMs are made by the project's scanner where it can; else marina" }),
  ),
  reuse_sys_cve_allowlist: Type.Optional(Type.String()),
  retention_id: Type.Optional(Type.String()),
  retention_max_share: Type.Optional(
    Type.String({ description: 'percent of its tags: a run that would delete more deletes nothing; 100 is no limit' }),
  ),
  verify_signatures: Type.Optional(
    Type.String({ description: 'true: what is pulled must have a signature of one of the signers of the project' }),
  ),
  vulnerability_warning: Type.Optional(
    Type.String({ description: 'pulls of images with a vulnerability of this severity or worse bring a warning' }),
  ),
  hold_until_scanned: Type.Optional(Type.String({ description: 'true: a new image is refused until it was scanned' })),
  hold_seconds: Type.Optional(Type.String({ description: 'how long an image is held at most; 600 without it' })),
  hold_then: Type.Optional(Type.String({ description: 'an image that nobody scanned in time: refuse or pass' })),
  proxy_speed_kb: Type.Optional(Type.String({ description: 'of each download, in KiB a second; -1 is no limit' })),
  max_upstream_conn: Type.Optional(Type.String({ description: 'downloads at a time; -1 is no limit' })),
  proxy_cache_local_on_not_found: Type.Optional(Type.String()),
  proxy_referrer_api: Type.Optional(Type.String()),
  proxy_cache_filter_pattern: Type.Optional(Type.String()),
  proxy_cache_filter_kind: Type.Optional(Type.String({ description: 'doublestar or regex' })),
  proxy_cache_fresh_seconds: Type.Optional(
    Type.String({ description: 'a tag is served for so long without asking the registry; 0 asks at each pull' }),
  ),
  proxy_cache_fixed_tags: Type.Optional(Type.String({ description: 'doublestar pattern of tags that never change' })),
  proxy_cache_when_gone: Type.Optional(
    Type.String({ description: 'a tag that the registry has deleted: keep, mark or delete' }),
  ),
  proxy_cache_bytes: Type.Optional(
    Type.String({ description: 'what was not pulled for longest is evicted above so many bytes; 0 is no limit' }),
  ),
  proxy_cache_unpulled_days: Type.Optional(
    Type.String({ description: 'what was not pulled for so many days is evicted; 0 is never' }),
  ),
})

/** `current_user_role_id` is absent for callers who have no role of their own in the project. */
export const Project = Type.Object({
  project_id: Type.Integer(),
  owner_id: Type.Integer(),
  name: Type.String(),
  registry_id: Type.Optional(Type.Integer()),
  creation_time: Type.String({ format: 'date-time' }),
  update_time: Type.String({ format: 'date-time' }),
  deleted: Type.Boolean(),
  owner_name: Type.String(),
  togglable: Type.Boolean(),
  current_user_role_id: Type.Optional(Type.Integer()),
  current_user_role_ids: Type.Array(Type.Integer()),
  repo_count: Type.Integer(),
  metadata: ProjectMetadata,
  cve_allowlist: CVEAllowlist,
})

export const ProjectReq = Type.Object({
  project_name: Type.Optional(Type.String({ maxLength: 255 })),
  public: Type.Optional(Type.Boolean()),
  metadata: Type.Optional(ProjectMetadata),
  cve_allowlist: Type.Optional(CVEAllowlistReq),
  storage_limit: Type.Optional(Type.Integer()),
  registry_id: Type.Optional(Type.Union([Type.Integer(), Type.Null()])),
})

export const ProjectDeletable = Type.Object({
  deletable: Type.Boolean(),
  message: Type.Optional(Type.String()),
})

export const ProjectSummaryQuota = Type.Object({
  hard: ResourceList,
  used: ResourceList,
})

/** The counts of members are for callers who may list members, the quota for callers who may read it. */
export const ProjectSummary = Type.Object({
  repo_count: Type.Integer(),
  project_admin_count: Type.Optional(Type.Integer()),
  maintainer_count: Type.Optional(Type.Integer()),
  developer_count: Type.Optional(Type.Integer()),
  guest_count: Type.Optional(Type.Integer()),
  limited_guest_count: Type.Optional(Type.Integer()),
  quota: Type.Optional(ProjectSummaryQuota),
  registry: Type.Optional(Registry),
})

const tag = 'project'
const path = '/projects/{project_name_or_id}'
const params = ProjectEither

export const listProjects = operation({
  id: 'listProjects',
  tag,
  method: 'GET',
  path: '/projects',
  summary: 'List the projects that the caller may see',
  query: Type.Object({
    ...listQuery,
    name: Type.Optional(Type.String({ maxLength: 255, ...ownBounds })),
    public: Type.Optional(Type.Boolean()),
    owner: Type.Optional(Type.String({ maxLength: 255, ...ownBounds })),
    with_detail: Type.Optional(Type.Boolean({ default: true })),
  }),
  status: 200,
  answer: Type.Array(Project),
  page: true,
})

export const headProject = operation({
  id: 'headProject',
  tag,
  method: 'HEAD',
  path: '/projects',
  summary: 'Is there a project of this name? Private ones that the caller may not see stay unknown',
  query: Type.Object({ project_name: nameParam }),
  status: 200,
})

export const createProject = operation({
  id: 'createProject',
  tag,
  method: 'POST',
  path: '/projects',
  summary: 'Create a project',
  body: ProjectReq,
  status: 201,
})

export const getProject = operation({
  id: 'getProject',
  tag,
  method: 'GET',
  path,
  summary: 'Get a project by its name or id',
  params,
  status: 200,
  answer: Project,
})

export const updateProject = operation({
  id: 'updateProject',
  tag,
  method: 'PUT',
  path,
  summary: 'Change the metadata and the allowlist of a project; name, owner and limit stay as they are',
  params,
  body: ProjectReq,
  status: 200,
})

export const deleteProject = operation({
  id: 'deleteProject',
  tag,
  method: 'DELETE',
  path,
  summary: 'Delete an empty project',
  params,
  status: 200,
})

export const getProjectDeletable = operation({
  id: 'getProjectDeletable',
  tag,
  method: 'GET',
  path: `${path}/_deletable`,
  summary: 'Could the project be deleted now?',
  params,
  status: 200,
  answer: ProjectDeletable,
})

export const getProjectSummary = operation({
  id: 'getProjectSummary',
  tag,
  method: 'GET',
  path: `${path}/summary`,
  summary: 'Figures of a project: members and quota for those who may see them',
  params,
  status: 200,
  answer: ProjectSummary,
})
