import { Type } from './type.ts'
import { operation } from './operation.ts'
import { idParam, PageQuery, nameParam, ProjectEither } from './requests.ts'
import { RobotPermission, RobotPermissionReq } from './robots.ts'

const time = Type.String({ format: 'date-time' })

/** What a claim of the token must be: exactly `equals`, or a text that the pattern `matches` takes. */
export const ClaimRule = Type.Object({
  claim: Type.String({ description: 'name of the claim; `/` leads into objects: kubernetes.io/namespace' }),
  equals: Type.Optional(Type.String({ description: 'exactly this text' })),
  matches: Type.Optional(
    Type.String({ description: 'a pattern: * takes any text without /, ** any number of segments, {a,b} either' }),
  ),
})

const described = {
  name: Type.String(),
  description: Type.String(),
  issuer: Type.String({
    description: 'the `iss` of the tokens; its keys are found below it (OpenID Connect Discovery)',
  }),
  jwks: Type.Optional(
    Type.String({ description: 'the keys of the issuer as a JSON Web Key Set, where Marina cannot reach the issuer' }),
  ),
  audience: Type.String({ description: 'what must be in the `aud` of the tokens' }),
  claims: Type.Array(ClaimRule, { description: 'all of them must hold' }),
  repositories: Type.Array(Type.String(), {
    description:
      'patterns of repositories, without the project; empty: all. With patterns the rule gives pull, push and delete ' +
      'of repositories alone, and nothing in the API',
  }),
  duration: Type.Integer({ description: 'for how many seconds a secret or a registry token lives, at most' }),
  one_use: Type.Boolean({ description: 'a token, known by its `jti`, is taken once' }),
  disable: Type.Boolean(),
}

/** A trust rule: tokens of this issuer with these claims get these rights for a short time. */
export const WorkloadRule = Type.Object({
  id: Type.Integer(),
  project_id: Type.Optional(Type.Integer({ description: 'absent for a rule of the system' })),
  ...described,
  permissions: Type.Array(RobotPermission),
  maker: Type.Optional(
    Type.String({ description: 'who saved the rule last: it never gives more than this account may do' }),
  ),
  creation_time: time,
  update_time: time,
  last_used_time: Type.Optional(time),
})

const optional = Type.Partial(Type.Object(described)).properties

export const WorkloadRuleReq = Type.Object({
  ...optional,
  name: described.name,
  issuer: described.issuer,
  audience: described.audience,
  claims: described.claims,
  permissions: Type.Array(RobotPermissionReq, {
    description: 'of kind project; the namespace is the project of the rule, in a rule of the system any, or * for all',
  }),
})

const TestReq = Type.Object({ token: Type.String({ description: 'a token of the issuer; it is not used up' }) })

/** What a token would get, and why not. `fits` is true where at least one rule gives it rights. */
export const WorkloadTest = Type.Object({
  fits: Type.Boolean(),
  problem: Type.Optional(Type.String({ description: 'why no rule can take the token: it is none' })),
  issuer: Type.Optional(Type.String()),
  subject: Type.Optional(Type.String()),
  claims: Type.Optional(Type.Unknown({ description: 'the claims of the token' })),
  rules: Type.Array(
    Type.Object({
      id: Type.Integer(),
      name: Type.String(),
      fits: Type.Boolean(),
      reasons: Type.Array(Type.String(), { description: 'why the rule does not take the token' }),
      permissions: Type.Array(RobotPermission, { description: 'as far as the maker of the rule has them now' }),
      repositories: Type.Array(Type.String()),
      duration: Type.Integer(),
    }),
  ),
})

/** RFC 8693, 2.1. */
const ExchangeReq = Type.Object({
  grant_type: Type.String({ description: 'urn:ietf:params:oauth:grant-type:token-exchange' }),
  subject_token: Type.String({ description: 'the token of the issuer' }),
  subject_token_type: Type.String({
    description: 'urn:ietf:params:oauth:token-type:jwt or urn:ietf:params:oauth:token-type:id_token',
  }),
})

/** RFC 8693, 2.2.1. */
const Exchanged = Type.Object({
  access_token: Type.String({ description: 'the password for `username`, at /service/token, /v2 and in this API' }),
  issued_token_type: Type.String(),
  token_type: Type.String({ description: 'N_A: it is no bearer token' }),
  expires_in: Type.Integer({ description: 'seconds' }),
  username: Type.String(),
})

const tag = 'workload'
const ofSystem = '/workloads'
const ofProject = '/projects/{project_name_or_id}/workloads'
const RuleId = Type.Object({ rule_id: idParam })
const RuleInProject = Type.Object({ project_name_or_id: nameParam, rule_id: idParam })

export const listWorkloadRules = operation({
  id: 'listWorkloadRules',
  tag,
  method: 'GET',
  path: ofSystem,
  summary: 'Trust rules of the system for tokens of pipelines and clusters',
  query: PageQuery,
  status: 200,
  answer: Type.Array(WorkloadRule),
  page: true,
})

export const createWorkloadRule = operation({
  id: 'createWorkloadRule',
  tag,
  method: 'POST',
  path: ofSystem,
  summary: 'Make a trust rule of the system; it never gives more than its maker may do',
  body: WorkloadRuleReq,
  status: 201,
})

export const getWorkloadRule = operation({
  id: 'getWorkloadRule',
  tag,
  method: 'GET',
  path: `${ofSystem}/{rule_id}`,
  summary: 'Get a trust rule of the system',
  params: RuleId,
  status: 200,
  answer: WorkloadRule,
})

export const updateWorkloadRule = operation({
  id: 'updateWorkloadRule',
  tag,
  method: 'PUT',
  path: `${ofSystem}/{rule_id}`,
  summary: 'Replace a trust rule of the system; what it gave before ends at once',
  params: RuleId,
  body: WorkloadRuleReq,
  status: 200,
})

export const deleteWorkloadRule = operation({
  id: 'deleteWorkloadRule',
  tag,
  method: 'DELETE',
  path: `${ofSystem}/{rule_id}`,
  summary: 'Delete a trust rule of the system; what it gave ends at once',
  params: RuleId,
  status: 200,
})

export const testWorkloadToken = operation({
  id: 'testWorkloadToken',
  tag,
  method: 'POST',
  path: `${ofSystem}/test`,
  summary: 'What a token would get by the trust rules of the system and of all projects, and why not',
  body: TestReq,
  status: 200,
  answer: WorkloadTest,
})

export const exchangeWorkloadToken = operation({
  id: 'exchangeWorkloadToken',
  tag,
  method: 'POST',
  path: `${ofSystem}/token`,
  summary: 'Exchange a token of a trusted issuer for a short-lived secret (RFC 8693)',
  body: ExchangeReq,
  status: 200,
  answer: Exchanged,
})

export const listProjectWorkloadRules = operation({
  id: 'listProjectWorkloadRules',
  tag,
  method: 'GET',
  path: ofProject,
  summary: 'Trust rules of a project for tokens of pipelines and clusters',
  params: ProjectEither,
  query: PageQuery,
  status: 200,
  answer: Type.Array(WorkloadRule),
  page: true,
})

export const createProjectWorkloadRule = operation({
  id: 'createProjectWorkloadRule',
  tag,
  method: 'POST',
  path: ofProject,
  summary: 'Make a trust rule of a project; it never gives more than its maker may do',
  params: ProjectEither,
  body: WorkloadRuleReq,
  status: 201,
})

export const getProjectWorkloadRule = operation({
  id: 'getProjectWorkloadRule',
  tag,
  method: 'GET',
  path: `${ofProject}/{rule_id}`,
  summary: 'Get a trust rule of a project',
  params: RuleInProject,
  status: 200,
  answer: WorkloadRule,
})

export const updateProjectWorkloadRule = operation({
  id: 'updateProjectWorkloadRule',
  tag,
  method: 'PUT',
  path: `${ofProject}/{rule_id}`,
  summary: 'Replace a trust rule of a project; what it gave before ends at once',
  params: RuleInProject,
  body: WorkloadRuleReq,
  status: 200,
})

export const deleteProjectWorkloadRule = operation({
  id: 'deleteProjectWorkloadRule',
  tag,
  method: 'DELETE',
  path: `${ofProject}/{rule_id}`,
  summary: 'Delete a trust rule of a project; what it gave ends at once',
  params: RuleInProject,
  status: 200,
})

export const testProjectWorkloadToken = operation({
  id: 'testProjectWorkloadToken',
  tag,
  method: 'POST',
  path: `${ofProject}/test`,
  summary: 'What a token would get by the trust rules of a project, and why not',
  params: ProjectEither,
  body: TestReq,
  status: 200,
  answer: WorkloadTest,
})
