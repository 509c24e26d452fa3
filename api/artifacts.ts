import { Type } from './type.ts'
import { Label, LabelReq } from './labels.ts'
import { operation } from './operation.ts'
import { RepositoryPath } from './repositories.ts'
import { idParam, listQuery, ListQuery, nameParam, ownBounds, pageQuery, ProjectEither } from './requests.ts'

const ExtraAttrs = Type.Record(Type.String(), Type.Unknown())

const Annotations = Type.Record(Type.String(), Type.String())

export const Platform = Type.Object({
  architecture: Type.Optional(Type.String()),
  os: Type.Optional(Type.String()),
  'os.version': Type.Optional(Type.String()),
  'os.features': Type.Optional(Type.Array(Type.String())),
  variant: Type.Optional(Type.String()),
})

export const Reference = Type.Object({
  parent_id: Type.Integer(),
  child_id: Type.Integer(),
  child_digest: Type.String(),
  platform: Type.Optional(Platform),
  annotations: Type.Optional(Annotations),
  urls: Type.Optional(Type.Array(Type.String())),
})

export const Tag = Type.Object({
  id: Type.Integer(),
  repository_id: Type.Integer(),
  artifact_id: Type.Integer(),
  name: Type.String(),
  push_time: Type.String({ format: 'date-time' }),
  pull_time: Type.String({ format: 'date-time' }),
  pull_count: Type.Integer({ description: "not in Harbor's API" }),
  immutable: Type.Boolean(),
})

export const AdditionLink = Type.Object({
  href: Type.String(),
  absolute: Type.Boolean(),
})

const AdditionLinks = Type.Record(Type.String(), AdditionLink)

const VulnerabilitySummary = Type.Object({
  total: Type.Optional(Type.Integer()),
  fixable: Type.Optional(Type.Integer()),
  summary: Type.Optional(Type.Record(Type.String(), Type.Integer())),
})

const Scanner = Type.Object({
  name: Type.Optional(Type.String()),
  vendor: Type.Optional(Type.String()),
  version: Type.Optional(Type.String()),
})

const NativeReportSummary = Type.Object({
  report_id: Type.Optional(Type.String()),
  scan_status: Type.Optional(Type.String()),
  severity: Type.Optional(Type.String()),
  state: Type.Optional(
    Type.String({ description: "not in Harbor's API: why no findings are no proof, such as no_database" }),
  ),
  duration: Type.Optional(Type.Integer()),
  summary: Type.Optional(VulnerabilitySummary),
  start_time: Type.Optional(Type.String({ format: 'date-time' })),
  end_time: Type.Optional(Type.String({ format: 'date-time' })),
  complete_percent: Type.Optional(Type.Integer()),
  scanner: Type.Optional(Scanner),
})

export const ScanOverview = Type.Record(Type.String(), NativeReportSummary)

const SBOMOverview = Type.Object({
  start_time: Type.Optional(Type.String({ format: 'date-time' })),
  end_time: Type.Optional(Type.String({ format: 'date-time' })),
  scan_status: Type.Optional(Type.String()),
  sbom_digest: Type.Optional(Type.String()),
  report_id: Type.Optional(Type.String()),
  duration: Type.Optional(Type.Integer()),
  scanner: Type.Optional(Scanner),
})

export const Accessory = Type.Object({
  id: Type.Integer(),
  artifact_id: Type.Integer(),
  subject_artifact_id: Type.Integer(),
  subject_artifact_digest: Type.String(),
  subject_artifact_repo: Type.String(),
  size: Type.Integer(),
  digest: Type.String(),
  type: Type.String(),
  icon: Type.String(),
  creation_time: Type.String({ format: 'date-time' }),
})

/** Tags, labels, accessories and overviews are present when the query asks for them. */
export const Artifact = Type.Object({
  id: Type.Integer(),
  type: Type.String(),
  media_type: Type.String(),
  manifest_media_type: Type.String(),
  artifact_type: Type.String(),
  project_id: Type.Integer(),
  repository_id: Type.Integer(),
  repository_name: Type.String(),
  digest: Type.String(),
  size: Type.Integer(),
  icon: Type.String(),
  push_time: Type.String({ format: 'date-time' }),
  pull_time: Type.String({ format: 'date-time' }),
  pull_count: Type.Integer({ description: "not in Harbor's API" }),
  extra_attrs: ExtraAttrs,
  annotations: Annotations,
  references: Type.Array(Reference),
  tags: Type.Optional(Type.Array(Tag)),
  addition_links: AdditionLinks,
  labels: Type.Optional(Type.Array(Label)),
  scan_overview: Type.Optional(ScanOverview),
  sbom_overview: Type.Optional(SBOMOverview),
  accessories: Type.Optional(Type.Array(Accessory)),
  inherited_accessories: Type.Optional(Type.Array(Accessory)),
})

/** The body of createTag; in no answer. */
export const NewTag = Type.Object({ name: Type.String() })

const tag = 'artifact'
const list = '/projects/{project_name}/repositories/{repository_name}/artifacts'
const path = `${list}/{reference}`
const ofOne = { ...RepositoryPath.properties, reference: nameParam }
const params = Type.Object(ofOne)

const flag = (fallback: boolean) => Type.Optional(Type.Boolean({ default: fallback }))
const wanted = {
  with_tag: flag(true),
  with_label: flag(false),
  with_accessory: flag(false),
  with_inherited_accessory: flag(false),
  with_immutable_status: flag(false),
  with_scan_overview: flag(false),
  with_sbom_overview: flag(false),
}

export const listArtifacts = operation({
  id: 'listArtifacts',
  tag,
  method: 'GET',
  path: list,
  summary:
    'List the artifacts of a repository, newest first; parts of an index and accessories are shown with the ' +
    'artifact that they belong to',
  params: RepositoryPath,
  query: Type.Object({ ...listQuery, ...wanted }),
  status: 200,
  answer: Type.Array(Artifact),
  page: true,
})

export const listArtifactsOfProject = operation({
  id: 'listArtifactsOfProject',
  tag: 'project',
  method: 'GET',
  path: '/projects/{project_name_or_id}/artifacts',
  summary: 'List the artifacts of a project, or the newest of each of its repositories',
  params: ProjectEither,
  query: Type.Object({ ...listQuery, ...wanted, latest_in_repository: flag(false) }),
  status: 200,
  answer: Type.Array(Artifact),
  page: true,
})

export const getArtifact = operation({
  id: 'getArtifact',
  tag,
  method: 'GET',
  path,
  summary: 'Get an artifact by tag or digest',
  params,
  query: Type.Object({ ...pageQuery, ...wanted, with_signature: flag(false) }),
  status: 200,
  answer: Artifact,
})

export const deleteArtifact = operation({
  id: 'deleteArtifact',
  tag,
  method: 'DELETE',
  path,
  summary: 'Delete an artifact with its tags, its untagged parts and what belongs to it',
  params,
  status: 200,
})

export const copyArtifact = operation({
  id: 'CopyArtifact',
  tag,
  method: 'POST',
  path: list,
  summary: 'Copy an artifact from another repository, with its parts and what belongs to it',
  params: RepositoryPath,
  query: Type.Object({
    from: Type.String({
      minLength: 1,
      maxLength: 1024,
      ...ownBounds,
      description: 'project/repository:tag or project/repository@digest',
    }),
  }),
  status: 201,
})

export const listTags = operation({
  id: 'listTags',
  tag,
  method: 'GET',
  path: `${path}/tags`,
  summary: 'List the tags of an artifact',
  params,
  query: Type.Object({ ...listQuery, with_immutable_status: flag(false) }),
  status: 200,
  answer: Type.Array(Tag),
  page: true,
})

export const createTag = operation({
  id: 'createTag',
  tag,
  method: 'POST',
  path: `${path}/tags`,
  summary: 'Give an artifact a tag that the repository does not have yet',
  params,
  body: NewTag,
  status: 201,
})

export const deleteTag = operation({
  id: 'deleteTag',
  tag,
  method: 'DELETE',
  path: `${path}/tags/{tag_name}`,
  summary: 'Take a tag away from an artifact',
  params: Type.Object({ ...ofOne, tag_name: nameParam }),
  status: 200,
})

export const listAccessories = operation({
  id: 'listAccessories',
  tag,
  method: 'GET',
  path: `${path}/accessories`,
  summary: 'List what belongs to an artifact: signatures, SBOMs, ...',
  params,
  query: ListQuery,
  status: 200,
  answer: Type.Array(Accessory),
  page: true,
})

export const addLabel = operation({
  id: 'addLabel',
  tag,
  method: 'POST',
  path: `${path}/labels`,
  summary: 'Put a label on an artifact: a global one, or one of its project',
  params,
  body: LabelReq,
  status: 200,
})

export const removeLabel = operation({
  id: 'removeLabel',
  tag,
  method: 'DELETE',
  path: `${path}/labels/{label_id}`,
  summary: 'Take a label from an artifact',
  params: Type.Object({ ...ofOne, label_id: idParam }),
  status: 200,
})

const additions = 'build_history values.yaml readme.md dependencies sbom license files vulnerabilities'.split(' ')

/** Text or JSON, by the addition. */
export const getAddition = operation({
  id: 'getAddition',
  tag,
  method: 'GET',
  path: `${path}/additions/{addition}`,
  summary: 'Get more of an artifact than its row shows: its history, or a file in it',
  params: Type.Object({
    ...ofOne,
    addition: Type.String({ enum: additions }),
  }),
  status: 200,
  answer: Type.String(),
})
