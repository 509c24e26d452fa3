import { operation } from './operation.ts'
import { idParam, ListQuery, nameParam, ProjectName } from './requests.ts'
import { Type } from './type.ts'

const text = Type.Optional(Type.String())
const flag = Type.Optional(Type.Boolean())
const integer = Type.Optional(Type.Integer())

/** A kind of service that Marina knows. */
export const PreheatProvider = Type.Object({
  id: Type.String(),
  name: Type.String(),
  icon: Type.String(),
  maintainers: Type.Array(Type.String()),
  version: Type.String(),
  source: Type.String(),
})

/** A service as a project sees it. As in Harbor, a field that is false is left out. */
export const ProviderUnderProject = Type.Object({
  id: Type.Integer(),
  provider: Type.String(),
  enabled: flag,
  default: flag,
})

/** A service that preheats. `auth_info` is taken and never shown. */
export const PreheatInstance = Type.Object({
  id: Type.Optional(idParam),
  name: text,
  description: text,
  vendor: text,
  endpoint: text,
  auth_mode: Type.Optional(Type.String({ description: 'NONE, BASIC, OAUTH or CUSTOM' })),
  auth_info: Type.Optional(
    Type.Union([
      Type.Record(Type.String(), Type.String(), {
        description: 'BASIC: username and password; OAUTH: token; CUSTOM: the name of a header and its value',
      }),
      Type.Null(),
    ]),
  ),
  status: text,
  enabled: flag,
  default: flag,
  insecure: flag,
  setup_timestamp: integer,
})

/** `filters`, `trigger` and `extra_attrs` are JSON as text, as in Harbor. */
export const PreheatPolicy = Type.Object({
  id: Type.Optional(idParam),
  name: text,
  description: text,
  project_id: integer,
  provider_id: Type.Optional(idParam),
  provider_name: text,
  filters: Type.Optional(
    Type.String({ description: '[{"type":"repository","value":"**"}]; also tag, label, signature, vulnerability' }),
  ),
  trigger: Type.Optional(
    Type.String({ description: '{"type":"scheduled","trigger_setting":{"cron":"0 0 3 * * *"}}; manual, event_based' }),
  ),
  enabled: flag,
  extra_attrs: Type.Optional(Type.String({ description: '{"scope":"all_peers","cluster_ids":[1]}' })),
  creation_time: text,
  update_time: text,
})

/** What a run would preheat. `reason`: why an image that repository, tag and labels chose is left out. */
export const PreheatPreview = Type.Object({
  is_complete: Type.Boolean({ description: 'false: the limit was reached before every tag was looked at' }),
  preheat: Type.Integer(),
  skip: Type.Integer(),
  images: Type.Array(
    Type.Object({
      repository: Type.String(),
      tag: Type.String(),
      digest: Type.String(),
      action: Type.String({ description: 'preheat or skip' }),
      reason: text,
    }),
  ),
})

const tag = 'preheat'
const instances = '/p2p/preheat/instances'
const instance = `${instances}/{preheat_instance_name}`
const instanceParams = Type.Object({ preheat_instance_name: nameParam })
const policies = '/projects/{project_name}/preheat/policies'
export const policy = `${policies}/{preheat_policy_name}`
export const policyParams = Type.Object({ ...ProjectName.properties, preheat_policy_name: nameParam })
const limitQuery = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, default: 1000, description: 'tags to look at' })),
})

export const listPreheatProviders = operation({
  id: 'ListProviders',
  tag,
  method: 'GET',
  path: '/p2p/preheat/providers',
  summary: 'List the kinds of services that can preheat images',
  status: 200,
  answer: Type.Array(PreheatProvider),
})

export const listProvidersOfProject = operation({
  id: 'ListProvidersUnderProject',
  tag,
  method: 'GET',
  path: '/projects/{project_name}/preheat/providers',
  summary: 'List the services that policies of a project can use',
  params: ProjectName,
  status: 200,
  answer: Type.Array(ProviderUnderProject),
})

export const pingPreheatInstance = operation({
  id: 'PingInstances',
  tag,
  method: 'POST',
  path: `${instances}/ping`,
  summary: 'Check whether a service answers: a saved one by its id, or one that is not saved yet',
  body: PreheatInstance,
  status: 200,
})

export const listPreheatInstances = operation({
  id: 'ListInstances',
  tag,
  method: 'GET',
  path: instances,
  summary: 'List the services that preheat images',
  query: ListQuery,
  status: 200,
  answer: Type.Array(PreheatInstance),
  page: true,
})

export const createPreheatInstance = operation({
  id: 'CreateInstance',
  tag,
  method: 'POST',
  path: instances,
  summary: 'Save a service that preheats images',
  body: PreheatInstance,
  status: 201,
})

export const getPreheatInstance = operation({
  id: 'GetInstance',
  tag,
  method: 'GET',
  path: instance,
  summary: 'Get a service that preheats images',
  params: instanceParams,
  status: 200,
  answer: PreheatInstance,
})

export const updatePreheatInstance = operation({
  id: 'UpdateInstance',
  tag,
  method: 'PUT',
  path: instance,
  summary: 'Replace a service; its credential stays where auth_info is left out',
  params: instanceParams,
  body: PreheatInstance,
  status: 200,
})

export const deletePreheatInstance = operation({
  id: 'DeleteInstance',
  tag,
  method: 'DELETE',
  path: instance,
  summary: 'Delete a service; not while a policy uses it',
  params: instanceParams,
  status: 200,
})

export const listPreheatPolicies = operation({
  id: 'ListPolicies',
  tag,
  method: 'GET',
  path: policies,
  summary: 'List the preheat policies of a project',
  params: ProjectName,
  query: ListQuery,
  status: 200,
  answer: Type.Array(PreheatPolicy),
  page: true,
})

export const createPreheatPolicy = operation({
  id: 'CreatePolicy',
  tag,
  method: 'POST',
  path: policies,
  summary: 'Create a preheat policy',
  params: ProjectName,
  body: PreheatPolicy,
  status: 201,
})

export const getPreheatPolicy = operation({
  id: 'GetPolicy',
  tag,
  method: 'GET',
  path: policy,
  summary: 'Get a preheat policy',
  params: policyParams,
  status: 200,
  answer: PreheatPolicy,
})

export const updatePreheatPolicy = operation({
  id: 'UpdatePolicy',
  tag,
  method: 'PUT',
  path: policy,
  summary: 'Replace a preheat policy',
  params: policyParams,
  body: PreheatPolicy,
  status: 200,
})

export const deletePreheatPolicy = operation({
  id: 'DeletePolicy',
  tag,
  method: 'DELETE',
  path: policy,
  summary: 'Delete a preheat policy with its executions; what runs is stopped',
  params: policyParams,
  status: 200,
})

export const previewPreheatPolicy = operation({
  id: 'previewPreheatPolicy',
  tag,
  method: 'GET',
  path: `${policy}/preview`,
  summary: 'Show which images a run of the policy would preheat, and why others are left out',
  params: policyParams,
  query: limitQuery,
  status: 200,
  answer: PreheatPreview,
})

export const previewPreheat = operation({
  id: 'previewPreheat',
  tag,
  method: 'POST',
  path: '/projects/{project_name}/preheat/preview',
  summary: 'The same for a policy that is not saved; of the body only its filters count',
  params: ProjectName,
  query: limitQuery,
  body: PreheatPolicy,
  status: 200,
  answer: PreheatPreview,
})
