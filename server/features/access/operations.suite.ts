import { generateKeyPairSync } from 'node:crypto'
import { trustRule } from './workload-targets.suite.ts'

/**
 * What each operation needs, copied from Harbor's tables (part B of its roles and rights) and not from our own code:
 * the matrix tests compare the two. They fail for an operation of the OpenAPI document that is missing here.
 */

/**
 * Rights by role inside a project (B.1): C create, R read, U update, D delete, L list. The columns: projectAdmin,
 * maintainer, developer, guest, limitedGuest, public.
 */
const b1 = `
  project           | RUD              | R                | R             | R       | R       | R
  member            | CRUDL            | RL               | RL            | RL      |         |
  metadata          | CRUD             | R                |               |         |         |
  log               | L                |                  |               |         |         |
  label             | CRUDL            | CRUDL            | RL            | RL      |         | RL
  quota             | R                | R                | R             | R       | R       |
  repository        | CRUDL pull push  | CRUDL pull push  | CRUL pull push | RL pull | RL pull | L pull
  artifact          | CRDL             | CRDL             | CRL           | RL      | RL      | RL
  artifact-addition | R                | R                | R             | R       | R       | R
  artifact-label    | CD               | CD               | CD            |         |         |
  tag               | CDL              | CDL              | CL            | L       | L       | L
  accessory         | L                | L                | L             | L       | L       | L
  tag-retention     | CRUDL op         | CRUDL op         | CRUDL op      |         |         |
  immutable-tag     | CUDL             | CUDL             |               |         |         |
  configuration     | RU               | R                | R             | R       | R       |
  robot             | CRUDL            | RL               | RL            | RL      |         |
  notification-policy | CRUDL          | RL               |               |         |         |
  scan              | CR stop          | CR stop          | R             | R       | R       | R
  sbom              | CR stop          | CR stop          | R             | R       | R       |
  scanner           | CR               | R                | R             | R       | R       | R
  preheat-policy    | CRUDL            |                  |               |         |         |
  export-cve        | CRL              | CRL              | CRL           |         |         |`

export const columns = ['projectAdmin', 'maintainer', 'developer', 'guest', 'limitedGuest', 'public'] as const
export type Column = (typeof columns)[number]
const words: Record<string, string> = { C: 'create', R: 'read', U: 'update', D: 'delete', L: 'list', op: 'operate' }

/** `resource:action` by column. */
export const heldBy: Record<Column, Set<string>> = Object.fromEntries(
  columns.map((column) => [column, new Set<string>()]),
) as Record<Column, Set<string>>
for (const line of b1.trim().split('\n')) {
  const [resource = '', ...cells] = line.split('|').map((cell) => cell.trim())
  cells.forEach((cell, index) => {
    const actions = cell
      .split(' ')
      .filter(Boolean)
      .flatMap((part) => (/^[CRUDL]+$/.test(part) ? part.split('') : [part]))
    for (const action of actions) heldBy[columns[index]!].add(`${resource}:${words[action] ?? action}`)
  })
}

/**
 * Who may call an operation: anyone; every signed-in caller; those who hold these rights in the project; those who hold
 * this right on the system; system administrators alone; administrators of any project.
 */
export type Need =
  | 'anyone'
  | 'user'
  /** All of these rights in the project, or `or` alone. */
  | { project: string[]; or?: string }
  | { system: string }
  | 'admin'
  | 'any project administrator'

export type Operation = {
  needs: Need
  /** What robots need, where it is something else. */
  robots?: Need | 'nobody'
  /** A request that succeeds with 2xx. Without one, any answer but 401, 403 and 5xx counts as allowed. */
  example?(place: Place): { query?: string; body?: unknown }
  /** The operation deletes the project, or can succeed once in it, so each try gets a project of its own. */
  endsProject?: true
}

/** The things that an example may name in its query and body. */
export type Place = {
  project: { id: number; name: string }
  fresh(stem: string): string
  userId: number
  repository: string
  labelId: number
  scannerId: string
  policyId: number
}

const inProject = (...rights: string[]): Need => ({ project: rights })
const onSystem = (right: string): Need => ({ system: right })
const nothing = () => ({})
const group = ({ fresh }: Place) => ({ body: { group_name: fresh('group'), group_type: 2 } })
const scanner = ({ fresh }: Place) => ({ body: { name: fresh('scanner'), url: `http://${fresh('scanner')}.example` } })
const preheatInstance = ({ fresh }: Place) => ({
  body: { name: fresh('heat'), vendor: 'dragonfly', endpoint: `http://${fresh('heat')}.example`, enabled: true },
})
const label = ({ fresh, project }: Place) => ({
  body: { name: fresh('label'), scope: 'p', project_id: project.id, color: '#00AB9A' },
})
const rule = ({ fresh }: Place) => ({
  body: {
    disabled: false,
    action: 'immutable',
    template: 'immutable_template',
    tag_selectors: [{ kind: 'doublestar', decoration: 'matches', pattern: fresh('t') }],
    scope_selectors: { repository: [{ kind: 'doublestar', decoration: 'repoMatches', pattern: fresh('r') }] },
  },
})

const trust = ({ fresh, project }: Place) => ({ body: trustRule(fresh('trust'), project) })
const protection = ({ fresh }: Place) => ({
  body: { name: fresh('rule'), tags: fresh('t'), actions: ['delete'], role_ids: [1] },
})
// A robot may only give rights that it has itself.
const ownRole = ({ fresh }: Place) => ({
  body: { name: fresh('role'), permissions: [{ resource: 'member', action: 'create' }] },
})

/** A retention policy that keeps everything. */
export const retentionPolicy = ({ id }: { id: number }) => ({
  algorithm: 'or',
  rules: [
    {
      action: 'retain',
      template: 'always',
      tag_selectors: [{ kind: 'doublestar', decoration: 'matches', pattern: '**' }],
      scope_selectors: { repository: [{ kind: 'doublestar', decoration: 'repoMatches', pattern: '**' }] },
    },
  ],
  trigger: { kind: 'Schedule', settings: { cron: '' } },
  scope: { level: 'project', ref: id },
})

const publicKey = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' })

/** A repository's name without its project. */
const shortName = (name: string) => name.slice(name.indexOf('/') + 1)

const inSystem = { needs: 'admin', robots: 'nobody' } as const
// Of an event type that no test causes: a delivery would write rows while a test compares all rows.
const webhook = ({ fresh }: Place) => ({
  body: {
    name: fresh('hook'),
    targets: [{ type: 'http', address: 'http://hooks.example/x' }],
    event_types: ['TAG_RETENTION'],
  },
})
// Of a project that no test makes.
const projectTemplate = ({ fresh }: Place) => ({ body: { name: fresh('template'), projects: [{ pattern: 'none' }] } })
const redelivered = () => ({ body: { first: 1, last: 1 } })
const paused = () => ({ body: { paused: true } })

/** By Harbor's operationId (B.5). */
export const operations: Record<string, Operation> = {
  getPing: { needs: 'anyone', example: nothing },
  getHealth: { needs: 'anyone', example: nothing },
  getSystemInfo: { needs: 'anyone', example: nothing },
  getCert: { needs: 'anyone' },
  getIcon: { needs: 'anyone' },
  search: { needs: 'anyone', example: () => ({ query: 'q=a' }) },
  findArtifacts: { needs: 'anyone', example: () => ({ query: 'q=v1' }) },
  listProjects: { needs: 'anyone', example: nothing },
  listAllRepositories: { needs: 'anyone', example: nothing },
  getStatistic: { needs: 'user', example: nothing },
  getVolumes: { needs: onSystem('system-volumes:read') },
  getSystemCVEAllowlist: { needs: 'user', example: nothing },
  putSystemCVEAllowlist: { needs: 'admin', robots: 'nobody' },
  getCache: { needs: 'admin', robots: 'nobody', example: nothing },
  listCacheKeys: { needs: 'admin', robots: 'nobody' },
  flushCache: { needs: 'admin', robots: 'nobody' },
  getCacheKey: { needs: 'admin', robots: 'nobody' },
  forgetCacheKey: { needs: 'admin', robots: 'nobody' },
  getConfigurations: { needs: 'admin', robots: 'nobody', example: nothing },
  updateConfigurations: { needs: 'admin', robots: 'nobody' },
  getInternalconfig: { needs: 'admin', robots: 'nobody' },
  getPermissions: { needs: 'any project administrator', robots: 'nobody', example: nothing },

  headProject: { needs: 'user' },
  createProject: {
    needs: 'user',
    robots: onSystem('project:create'),
    example: ({ fresh }) => ({ body: { project_name: fresh('made') } }),
  },
  getProject: { needs: inProject('project:read'), example: nothing },
  updateProject: {
    needs: inProject('project:update'),
    example: () => ({ body: { metadata: { reuse_sys_cve_allowlist: 'true' } } }),
  },
  deleteProject: { needs: inProject('project:delete'), example: nothing, endsProject: true },
  getProjectDeletable: { needs: inProject('project:delete'), example: nothing },
  getProjectSummary: { needs: inProject('project:read'), example: nothing },
  listArtifactsOfProject: { needs: inProject('artifact:list'), example: nothing },
  getLogs: { needs: inProject('log:list'), example: nothing },
  getLogExts: { needs: inProject('log:list'), example: nothing },

  listAuditLogs: { needs: 'user', example: nothing },
  listAuditLogExts: { needs: 'user', example: nothing },
  maskAuditLog: {
    needs: onSystem('purge-audit:create'),
    example: ({ fresh }) => ({ body: { username: fresh('gone') } }),
  },
  listAuditMaskings: { needs: onSystem('purge-audit:list'), example: nothing },
  getAuditMasking: { needs: onSystem('purge-audit:read') },
  listAuditLogEventTypes: { needs: onSystem('audit-log:list'), example: nothing },
  listReactions: { needs: 'admin', robots: 'nobody', example: nothing },
  listParkedFacts: { needs: 'admin', robots: 'nobody', example: nothing },
  retryParkedFacts: { needs: 'admin', robots: 'nobody', example: nothing },
  replayFacts: { needs: 'admin', robots: 'nobody', example: () => ({ body: { from_fact: Number.MAX_SAFE_INTEGER } }) },
  getPurgeHistory: { needs: onSystem('purge-audit:list'), example: nothing },
  getPurgeJob: { needs: onSystem('purge-audit:read') },
  getPurgeJobLog: { needs: onSystem('purge-audit:read') },
  stopPurge: { needs: onSystem('purge-audit:stop') },
  getPurgeSchedule: { needs: onSystem('purge-audit:read'), example: nothing },
  createPurgeSchedule: {
    needs: onSystem('purge-audit:create'),
    example: () => ({ body: { schedule: { type: 'None' } } }),
  },
  updatePurgeSchedule: {
    needs: onSystem('purge-audit:update'),
    example: () => ({ body: { schedule: { type: 'None' } } }),
  },

  streamEvents: { needs: 'user', example: () => ({ query: 'seconds=0' }) },
  listSystemUsage: { needs: onSystem('system-volumes:read'), example: nothing },
  listProjectUsage: { needs: inProject('quota:read'), example: nothing },
  listRepositoryUsage: {
    needs: inProject('quota:read'),
    example: ({ repository }) => ({ query: `repository=${encodeURIComponent(shortName(repository))}` }),
  },
  getRepositoryPulls: {
    needs: inProject('artifact:list'),
    example: ({ repository }) => ({ query: `repository=${encodeURIComponent(shortName(repository))}` }),
  },

  listProjectMetadatas: { needs: inProject('metadata:list'), example: nothing },
  addProjectMetadatas: { needs: inProject('metadata:create') },
  getProjectMetadata: { needs: inProject('metadata:read'), example: nothing },
  updateProjectMetadata: {
    needs: inProject('metadata:update'),
    example: () => ({ body: { reuse_sys_cve_allowlist: 'false' } }),
  },
  deleteProjectMetadata: { needs: inProject('metadata:delete'), example: nothing },

  listProjectMembers: { needs: inProject('member:list'), example: nothing },
  createProjectMember: {
    needs: inProject('member:create'),
    example: ({ userId }) => ({ body: { role_id: 3, member_user: { user_id: userId } } }),
  },
  getProjectMember: { needs: inProject('member:read'), example: nothing },
  updateProjectMember: { needs: inProject('member:update'), example: () => ({ body: { role_id: 5 } }) },
  deleteProjectMember: { needs: inProject('member:delete'), example: nothing },

  listRoles: { needs: 'user', example: nothing },
  createRole: { ...inSystem, example: ownRole },
  // The path names a role of the project; for those for every project see roles.test.ts.
  getRole: { needs: inProject('member:read'), example: nothing },
  updateRole: { needs: inProject('member:update'), example: () => ({ body: { description: 'words' } }) },
  deleteRole: { needs: inProject('member:delete'), example: nothing },
  listProjectRoles: { needs: inProject('member:list'), example: nothing },
  createProjectRole: { needs: inProject('member:create'), example: ownRole },
  listRoleBindings: { needs: inProject('member:list'), example: nothing },
  createRoleBinding: { needs: inProject('member:create') },
  deleteRoleBinding: { needs: inProject('member:delete'), example: nothing },
  listAuditors: { ...inSystem, example: nothing },
  createAuditor: inSystem,
  deleteAuditor: { ...inSystem, example: nothing },
  getProjectAccess: { needs: inProject('log:list'), example: () => ({ query: 'action=repository:push' }) },
  listTagProtections: { needs: inProject('configuration:read'), example: nothing },
  createTagProtection: { needs: inProject('configuration:update'), example: protection },
  previewTagProtection: { needs: inProject('configuration:update'), example: protection },
  updateTagProtection: { needs: inProject('configuration:update'), example: protection },
  deleteTagProtection: { needs: inProject('configuration:update'), example: nothing },

  listRepositories: { needs: inProject('repository:list'), example: nothing },
  getRepository: { needs: inProject('repository:read'), example: nothing },
  updateRepository: { needs: inProject('repository:update'), example: () => ({ body: { description: 'words' } }) },
  deleteRepository: { needs: inProject('repository:delete'), example: nothing },
  listTopRepositories: { needs: 'anyone', example: () => ({ query: 'count=3' }) },
  listRepositoryScores: { needs: 'anyone', example: nothing },
  listLowestRepositories: { needs: 'user', example: nothing },
  simulateRepositoryScores: { needs: 'user', example: () => ({ body: { days: 7, count: 3 } }) },
  getScoreRules: { needs: 'user', example: nothing },
  updateScoreRules: { needs: 'admin', robots: 'nobody', example: () => ({ body: { preset: 'default' } }) },
  listArtifacts: { needs: inProject('artifact:list'), example: nothing },
  getArtifact: { needs: inProject('artifact:read'), example: nothing },
  deleteArtifact: { needs: inProject('artifact:delete'), example: nothing },
  CopyArtifact: {
    needs: inProject('artifact:create', 'artifact:read'),
    example: ({ repository }) => ({ query: `from=${encodeURIComponent(`${repository}:v1`)}` }),
  },
  compareArtifacts: { needs: inProject('artifact-addition:read'), example: () => ({ query: 'with=v1' }) },
  getArtifactGraph: { needs: inProject('artifact:read'), example: nothing },
  listArtifactPlaces: { needs: inProject('artifact:read'), example: nothing },
  createTag: { needs: inProject('tag:create'), example: ({ fresh }) => ({ body: { name: fresh('t') } }) },
  listTags: { needs: inProject('tag:list'), example: nothing },
  deleteTag: { needs: inProject('tag:delete'), example: nothing },
  listAccessories: { needs: inProject('accessory:list'), example: nothing },
  getVulnerabilitiesAddition: { needs: inProject('artifact-addition:read') },
  listSignatures: { needs: inProject('accessory:list'), example: nothing },
  listSigners: { needs: inProject('metadata:read'), example: nothing },
  putSigner: { needs: inProject('metadata:update'), example: () => ({ body: { key: { public_key: publicKey } } }) },
  deleteSigner: { needs: inProject('metadata:delete') },
  getClientCertificates: { needs: 'admin', robots: 'nobody', example: nothing },
  checkClientCertificate: { needs: 'admin', robots: 'nobody' },
  listTrustRoots: { needs: 'user', example: nothing },
  putTrustRoot: { needs: 'admin', robots: 'nobody' },
  deleteTrustRoot: { needs: 'admin', robots: 'nobody' },
  listRepositoryTags: {
    needs: inProject('tag:list'),
    example: ({ repository }) => ({ query: `repository=${encodeURIComponent(shortName(repository))}` }),
  },
  getArtifactDocument: { needs: inProject('artifact-addition:read') },
  getAddition: { needs: inProject('artifact-addition:read') },
  addLabel: { needs: inProject('artifact-label:create'), example: ({ labelId }) => ({ body: { id: labelId } }) },
  removeLabel: { needs: inProject('artifact-label:delete'), example: nothing },
  // Without a body vulnerabilities are meant; for SBOMs see features/scanning/sboms/sboms.test.ts.
  scanArtifact: { needs: inProject('scan:create') },
  stopScanArtifact: { needs: { project: ['scan:stop'], or: 'sbom:stop' } },
  getReportLog: { needs: { project: ['scan:read'], or: 'sbom:read' } },
  getSbom: { needs: inProject('sbom:read') },
  searchPackages: { needs: 'user', example: () => ({ query: 'name=curl' }) },
  listPackagesOfArtifact: { needs: inProject('sbom:read') },
  listVulnerabilitiesOfArtifact: { needs: inProject('artifact-addition:read') },
  comparePackages: { needs: inProject('sbom:read') },

  getVulndb: { needs: onSystem('configuration:read'), example: nothing },
  deleteVulndb: { needs: onSystem('configuration:delete') },
  listVulndbImports: { needs: onSystem('configuration:list'), example: nothing },
  getVulndbImport: { needs: onSystem('configuration:read') },
  getVulndbImportLog: { needs: onSystem('configuration:read') },
  stopVulndbImport: { needs: onSystem('configuration:stop') },
  getVulndbSchedule: { needs: onSystem('configuration:read'), example: nothing },
  createVulndbSchedule: {
    needs: onSystem('configuration:create'),
    example: () => ({ body: { schedule: { type: 'None' }, parameters: { source: 'library/vulndb:latest' } } }),
  },
  updateVulndbSchedule: {
    needs: onSystem('configuration:update'),
    example: () => ({ body: { schedule: { type: 'None' }, parameters: { source: 'library/vulndb:latest' } } }),
  },

  ListImmuRules: { needs: inProject('immutable-tag:list'), example: nothing },
  CreateImmuRule: { needs: inProject('immutable-tag:create'), example: rule },
  UpdateImmuRule: { needs: inProject('immutable-tag:update'), example: rule },
  DeleteImmuRule: { needs: inProject('immutable-tag:delete'), example: nothing },

  getRentenitionMetadata: { needs: 'user', example: nothing },
  createRetention: {
    needs: inProject('tag-retention:create'),
    example: ({ project }) => ({ body: retentionPolicy(project) }),
    endsProject: true,
  },
  getRetention: { needs: inProject('tag-retention:read'), example: nothing },
  updateRetention: {
    needs: inProject('tag-retention:update'),
    example: ({ project }) => ({ body: retentionPolicy(project) }),
  },
  deleteRetention: { needs: inProject('tag-retention:delete'), example: nothing },
  triggerRetentionExecution: { needs: inProject('tag-retention:update'), example: () => ({ body: { dry_run: true } }) },
  listRetentionExecutions: { needs: inProject('tag-retention:list'), example: nothing },
  operateRetentionExecution: {
    needs: inProject('tag-retention:update'),
    example: () => ({ body: { action: 'stop' } }),
  },
  listRetentionTasks: { needs: inProject('tag-retention:list'), example: nothing },
  getRetentionTaskLog: { needs: inProject('tag-retention:read'), example: nothing },

  previewRetention: {
    needs: inProject('tag-retention:read'),
    example: ({ project }) => ({ body: { project_id: project.id, policy: retentionPolicy(project) } }),
  },
  explainRetention: { needs: inProject('tag-retention:read'), example: nothing },
  convertRetention: { needs: inProject('tag-retention:read'), example: nothing },
  listSystemRetentions: { needs: 'admin', robots: 'nobody', example: nothing },
  // The run of the example has deleted nothing; the tests of retention restore real ones.
  restoreRetentionExecution: { needs: inProject('tag-retention:update') },
  getRetentionRestore: { needs: inProject('tag-retention:read'), example: nothing },
  listProjectTemplates: { ...inSystem, example: nothing },
  createProjectTemplate: { ...inSystem, example: projectTemplate },
  getProjectTemplate: { ...inSystem, example: nothing },
  updateProjectTemplate: { ...inSystem, example: projectTemplate },
  deleteProjectTemplate: { ...inSystem, example: nothing },
  reportDeployments: { needs: 'user', example: () => ({ body: { cluster: 'none', images: [] } }) },
  listDeployments: { needs: inProject('tag-retention:read'), example: nothing },
  forgetDeployments: { needs: inProject('tag-retention:delete'), example: nothing },
  // The project of the example caches no other registry (412); the tests of caches have one that does.
  listProxyCaches: { needs: onSystem('registry:list'), example: nothing },
  getProxyCache: { needs: inProject('artifact:list') },
  listProxyCacheTags: { needs: inProject('artifact:list') },
  refreshProxyCache: { needs: inProject('artifact:create') },
  forgetProxyCache: { needs: inProject('artifact:delete') },
  prefetchProxyCache: { needs: inProject('artifact:create') },
  getProxyCachePrefetch: { needs: inProject('artifact:list') },

  ListLabels: {
    needs: inProject('label:list'),
    example: ({ project }) => ({ query: `scope=p&project_id=${project.id}` }),
  },
  CreateLabel: { needs: inProject('label:create'), example: label },
  GetLabelByID: { needs: inProject('label:read'), example: nothing },
  UpdateLabel: { needs: inProject('label:update'), example: label },
  DeleteLabel: { needs: inProject('label:delete'), example: nothing },

  ListRobot: {
    needs: inProject('robot:list'),
    example: ({ project }) => ({ query: `q=Level%3Dproject,ProjectID%3D${project.id}` }),
  },
  // A robot may only give permissions that it holds itself.
  CreateRobot: {
    needs: inProject('robot:create'),
    example: ({ fresh, project }) => ({
      body: {
        name: fresh('r'),
        level: 'project',
        permissions: [{ kind: 'project', namespace: project.name, access: [{ resource: 'robot', action: 'create' }] }],
      },
    }),
  },
  GetRobotByID: { needs: inProject('robot:read'), example: nothing },
  UpdateRobot: { needs: inProject('robot:update'), example: () => ({ body: { description: 'words' } }) },
  RefreshSec: { needs: inProject('robot:update'), example: () => ({ body: {} }) },
  DeleteRobot: { needs: inProject('robot:delete'), example: nothing },
  endOldRobotSecret: { needs: inProject('robot:update') },

  // Robots make no trust rules: a rule gives what the account that made it may do.
  listWorkloadRules: { needs: onSystem('robot:list'), example: nothing },
  createWorkloadRule: { needs: onSystem('robot:create'), robots: 'nobody', example: trust },
  getWorkloadRule: { needs: onSystem('robot:read'), example: nothing },
  updateWorkloadRule: { needs: onSystem('robot:update'), robots: 'nobody', example: trust },
  deleteWorkloadRule: { needs: onSystem('robot:delete'), example: nothing },
  testWorkloadToken: { needs: onSystem('robot:create'), example: () => ({ body: { token: 'none' } }) },
  exchangeWorkloadToken: { needs: 'anyone' },
  listProjectWorkloadRules: { needs: inProject('robot:list'), example: nothing },
  createProjectWorkloadRule: { needs: inProject('robot:create'), robots: 'nobody', example: trust },
  getProjectWorkloadRule: { needs: inProject('robot:read'), example: nothing },
  updateProjectWorkloadRule: { needs: inProject('robot:update'), robots: 'nobody', example: trust },
  deleteProjectWorkloadRule: { needs: inProject('robot:delete'), example: nothing },
  testProjectWorkloadToken: { needs: inProject('robot:create'), example: () => ({ body: { token: 'none' } }) },

  listQuotas: { needs: onSystem('quota:list'), example: nothing },
  getQuota: { needs: onSystem('quota:read'), example: nothing },
  updateQuota: { needs: onSystem('quota:update'), example: () => ({ body: { hard: { storage: 10 * 2 ** 30 } } }) },

  listScanners: { needs: onSystem('scanner:list'), example: nothing },
  createScanner: { needs: onSystem('scanner:create'), example: scanner },
  // No scanner answers at this URL; the test is only about the right.
  pingScanner: { needs: onSystem('scanner:read') },
  getScanner: { needs: onSystem('scanner:read'), example: nothing },
  updateScanner: { needs: onSystem('scanner:update'), example: () => ({ body: { description: 'words' } }) },
  deleteScanner: { needs: onSystem('scanner:delete'), example: nothing },
  setScannerAsDefault: { needs: onSystem('scanner:update'), example: () => ({ body: { is_default: true } }) },
  getScannerMetadata: { needs: onSystem('scanner:read') },
  getScannerOfProject: { needs: inProject('scanner:read'), example: nothing },
  setScannerOfProject: {
    needs: inProject('scanner:create'),
    example: ({ scannerId }) => ({ body: { uuid: scannerId } }),
  },
  listScannerCandidatesOfProject: { needs: inProject('scanner:create'), example: nothing },

  listReplicationPolicies: { needs: onSystem('replication-policy:list'), example: nothing },
  createReplicationPolicy: { needs: onSystem('replication-policy:create') },
  getReplicationPolicy: { needs: onSystem('replication-policy:read'), example: nothing },
  updateReplicationPolicy: { needs: onSystem('replication-policy:update') },
  deleteReplicationPolicy: { needs: onSystem('replication-policy:delete'), example: nothing },
  previewReplicationPolicy: { needs: onSystem('replication-policy:read'), example: nothing },
  previewReplication: { needs: onSystem('replication-policy:create') },
  getReplicationDrift: { needs: onSystem('replication-policy:read'), example: nothing },
  listReplicationExecutions: { needs: onSystem('replication:list'), example: nothing },
  startReplication: { needs: onSystem('replication:create') },
  getReplicationExecution: { needs: onSystem('replication:read'), example: nothing },
  stopReplication: { needs: onSystem('replication:create'), example: nothing },
  listReplicationTasks: { needs: onSystem('replication:list'), example: nothing },
  getReplicationLog: { needs: onSystem('replication:read'), example: nothing },
  listRegistryProviderTypes: { needs: onSystem('replication-adapter:list'), example: nothing },
  listRegistryProviderInfos: { needs: onSystem('replication-adapter:list'), example: nothing },
  listRegistries: { needs: onSystem('registry:list'), example: nothing },
  // No registry answers at any URL here; the test is only about the right.
  createRegistry: { needs: onSystem('registry:create') },
  pingRegistry: { needs: onSystem('registry:read') },
  getRegistry: { needs: onSystem('registry:read'), example: nothing },
  updateRegistry: { needs: onSystem('registry:update'), example: () => ({ body: { description: 'words' } }) },
  deleteRegistry: { needs: onSystem('registry:delete'), example: nothing },
  getRegistryInfo: { needs: onSystem('registry:read'), example: nothing },

  pingLdap: { ...inSystem, example: () => ({ body: {} }) },
  searchLdapUser: { needs: onSystem('ldap-user:list') },
  importLdapUser: { needs: onSystem('ldap-user:create') },
  searchLdapGroup: { needs: onSystem('ldap-user:list') },
  ListProviders: { needs: onSystem('preheat-instance:list'), example: nothing },
  ListInstances: { needs: onSystem('preheat-instance:list'), example: nothing },
  CreateInstance: { needs: onSystem('preheat-instance:create'), example: preheatInstance },
  // No service answers at any URL here; the test is only about the right.
  PingInstances: { needs: onSystem('preheat-instance:read') },
  GetInstance: { needs: onSystem('preheat-instance:read'), example: nothing },
  UpdateInstance: { needs: onSystem('preheat-instance:update'), example: preheatInstance },
  DeleteInstance: { needs: onSystem('preheat-instance:delete'), example: nothing },
  ListProvidersUnderProject: { needs: inProject('preheat-policy:read'), example: nothing },
  ListPolicies: { needs: inProject('preheat-policy:list'), example: nothing },
  // It names an instance, and a run needs an enabled policy: the tests of preheating have both.
  CreatePolicy: { needs: inProject('preheat-policy:create') },
  UpdatePolicy: { needs: inProject('preheat-policy:update') },
  ManualPreheat: { needs: inProject('preheat-policy:update') },
  GetPolicy: { needs: inProject('preheat-policy:read'), example: nothing },
  DeletePolicy: { needs: inProject('preheat-policy:delete'), example: nothing },
  previewPreheatPolicy: { needs: inProject('preheat-policy:read'), example: nothing },
  previewPreheat: { needs: inProject('preheat-policy:create'), example: () => ({ body: { filters: '[]' } }) },
  ListExecutions: { needs: inProject('preheat-policy:list'), example: nothing },
  GetExecution: { needs: inProject('preheat-policy:read'), example: nothing },
  StopExecution: { needs: inProject('preheat-policy:update'), example: () => ({ body: { status: 'Stopped' } }) },
  ListTasks: { needs: inProject('preheat-policy:list'), example: nothing },
  GetPreheatLog: { needs: inProject('preheat-policy:read'), example: nothing },

  listUserGroups: { needs: onSystem('user-group:list'), example: nothing },
  createUserGroup: { needs: onSystem('user-group:create'), example: group },
  searchUserGroups: { needs: 'user', example: () => ({ query: 'groupname=a' }) },
  getUserGroup: { needs: onSystem('user-group:read'), example: nothing },
  updateUserGroup: { needs: onSystem('user-group:update'), example: group },
  deleteUserGroup: { needs: onSystem('user-group:delete'), example: nothing },

  listUsers: { needs: onSystem('user:list'), example: nothing },
  createUser: {
    needs: onSystem('user:create'),
    example: ({ fresh }) => ({ body: { username: fresh('made'), password: 'Testing12345' } }),
  },
  getCurrentUserInfo: { needs: 'user' },
  searchUsers: { needs: 'user', example: () => ({ query: 'username=a' }) },
  getUser: { needs: onSystem('user:read'), example: nothing },
  updateUserProfile: { needs: onSystem('user:update'), example: () => ({ body: { comment: 'words' } }) },
  deleteUser: { needs: onSystem('user:delete'), example: nothing },
  setUserSysAdmin: { needs: onSystem('user:update'), example: () => ({ body: { sysadmin_flag: false } }) },
  updateUserPassword: { needs: onSystem('user:update'), example: () => ({ body: { new_password: 'Another12345' } }) },
  getCurrentUserPermissions: { needs: 'user', example: nothing },
  getGCHistory: { needs: onSystem('garbage-collection:list'), example: nothing },
  getGC: { needs: onSystem('garbage-collection:read'), example: nothing },
  getGCLog: { needs: onSystem('garbage-collection:read'), example: nothing },
  stopGC: { needs: onSystem('garbage-collection:stop'), example: nothing },
  getGCSchedule: { needs: onSystem('garbage-collection:read'), example: nothing },
  createGCSchedule: {
    needs: onSystem('garbage-collection:create'),
    example: () => ({ body: { schedule: { type: 'None' } } }),
  },
  updateGCSchedule: {
    needs: onSystem('garbage-collection:update'),
    example: () => ({ body: { schedule: { type: 'None' } } }),
  },
  getLatestScanAllMetrics: { needs: onSystem('scan-all:read'), example: nothing },
  getLatestScheduledScanAllMetrics: { needs: onSystem('scan-all:read'), example: nothing },
  getScanAllSchedule: { needs: onSystem('scan-all:read'), example: nothing },
  createScanAllSchedule: {
    needs: onSystem('scan-all:create'),
    example: () => ({ body: { schedule: { type: 'None' } } }),
  },
  updateScanAllSchedule: {
    needs: onSystem('scan-all:update'),
    example: () => ({ body: { schedule: { type: 'None' } } }),
  },
  // There is nothing to be stopped.
  stopScanAll: { needs: onSystem('scan-all:stop') },
  getSecuritySummary: { needs: onSystem('security-hub:read'), example: nothing },
  ListVulnerabilities: { needs: onSystem('security-hub:list'), example: nothing },
  // The body names the project; the tests of exports show who may.
  exportScanData: { needs: 'user' },
  getScanDataExportExecutionList: { needs: 'user', example: nothing },
  getScanDataExportExecution: { needs: 'user' },
  downloadScanData: { needs: 'user' },
  // Marina's own.
  listTrash: { needs: inProject('artifact:delete'), example: nothing },
  restoreTrash: { needs: inProject('artifact:delete'), example: nothing },
  getWorkerPools: { needs: onSystem('jobservice-monitor:list'), example: nothing },
  getWorkers: { needs: onSystem('jobservice-monitor:list'), example: nothing },
  stopRunningJob: { needs: onSystem('jobservice-monitor:stop'), example: nothing },
  actionGetJobLog: { needs: onSystem('jobservice-monitor:list'), example: nothing },
  listExecutions: { needs: onSystem('jobservice-monitor:list'), example: nothing },
  countFailedExecutions: { needs: onSystem('jobservice-monitor:list'), example: nothing },
  getStorageCheck: { needs: onSystem('system-volumes:read'), example: nothing },
  listJobQueues: { needs: onSystem('jobservice-monitor:list'), example: nothing },
  actionPendingJobs: { needs: onSystem('jobservice-monitor:stop'), example: () => ({ body: { action: 'resume' } }) },
  listSchedules: { needs: onSystem('jobservice-monitor:list'), example: nothing },
  exportArtifacts: { needs: onSystem('catalog:read'), example: () => ({ body: {} }) },
  listArtifactExports: { needs: onSystem('catalog:read'), example: nothing },
  // The handler also refuses everyone but the account that asked for the export; the tests of exports show that.
  getArtifactExport: { needs: onSystem('catalog:read') },
  downloadArtifactExport: { needs: onSystem('catalog:read') },
  getSchedulePaused: { needs: 'user', example: nothing },

  listCurrentUserSessions: { needs: 'user' },
  endCurrentUserSession: { needs: 'user' },
  listCurrentUserTokens: { needs: 'user' },
  createCurrentUserToken: { needs: 'user' },
  deleteCurrentUserToken: { needs: 'user' },
  listUserTokens: { needs: onSystem('user:read'), example: nothing },
  deleteUserToken: { needs: onSystem('user:update') },
  setCliSecret: { needs: onSystem('user:update') },
  pingOIDC: { needs: 'admin', robots: 'nobody' },
  listOIDCClaims: { needs: 'admin', robots: 'nobody', example: nothing },

  ListWebhookPoliciesOfProject: { needs: inProject('notification-policy:list'), example: nothing },
  CreateWebhookPolicyOfProject: { needs: inProject('notification-policy:create'), example: webhook },
  GetWebhookPolicyOfProject: { needs: inProject('notification-policy:read'), example: nothing },
  UpdateWebhookPolicyOfProject: { needs: inProject('notification-policy:update'), example: webhook },
  DeleteWebhookPolicyOfProject: { needs: inProject('notification-policy:delete'), example: nothing },
  TestWebhookPolicy: { needs: inProject('notification-policy:update'), example: () => ({ body: {} }) },
  SetWebhookTargetState: { needs: inProject('notification-policy:update'), example: paused },
  ListExecutionsOfWebhookPolicy: { needs: inProject('notification-policy:read'), example: nothing },
  GetWebhookDelivery: { needs: inProject('notification-policy:read'), example: nothing },
  RedeliverWebhook: { needs: inProject('notification-policy:update'), example: nothing },
  RedeliverWebhooks: { needs: inProject('notification-policy:update'), example: redelivered },
  ListTasksOfWebhookExecution: { needs: inProject('notification-policy:read'), example: nothing },
  GetLogsOfWebhookTask: { needs: inProject('notification-policy:read'), example: nothing },
  LastTrigger: { needs: inProject('notification-policy:read'), example: nothing },
  GetSupportedEventTypes: { needs: inProject('notification-policy:read'), example: nothing },
  ListWebhookJobs: {
    needs: inProject('notification-policy:list'),
    example: ({ policyId }) => ({ query: `policy_id=${policyId}` }),
  },
  ListSystemWebhookPolicies: { ...inSystem, example: nothing },
  CreateSystemWebhookPolicy: { ...inSystem, example: webhook },
  GetSystemWebhookPolicy: { ...inSystem, example: nothing },
  UpdateSystemWebhookPolicy: { ...inSystem, example: webhook },
  DeleteSystemWebhookPolicy: { ...inSystem, example: nothing },
  TestSystemWebhookPolicy: { ...inSystem, example: () => ({ body: {} }) },
  SetSystemWebhookTargetState: { ...inSystem, example: paused },
  ListExecutionsOfSystemWebhookPolicy: { ...inSystem, example: nothing },
  GetSystemWebhookDelivery: { ...inSystem, example: nothing },
  RedeliverSystemWebhook: { ...inSystem, example: nothing },
  RedeliverSystemWebhooks: { ...inSystem, example: redelivered },
  ListTasksOfSystemWebhookExecution: { ...inSystem, example: nothing },
  GetLogsOfSystemWebhookTask: { ...inSystem, example: nothing },
}
