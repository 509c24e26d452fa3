import { Type } from './type.ts'
import { operation } from './operation.ts'
import { ListQuery, ownBounds, ProjectEither, says } from './requests.ts'

const text = Type.Optional(Type.String())
const flag = Type.Optional(Type.Boolean())
const time = Type.String({ format: 'date-time' })

/** The fields from `adapter` on are the scanner's own answer; they are absent where it was not asked. */
export const ScannerRegistration = Type.Object({
  uuid: Type.String(),
  name: Type.String(),
  description: Type.String(),
  url: Type.String(),
  disabled: Type.Boolean(),
  is_default: Type.Boolean(),
  auth: Type.String(),
  access_credential: text,
  skip_certVerify: Type.Boolean(),
  use_internal_addr: Type.Boolean(),
  is_own: Type.Boolean({
    description: "not in Harbor's API: Marina's own matcher, or a Trivy beside it; only its switch can be changed",
  }),
  database_time: Type.Optional(
    Type.String({
      format: 'date-time',
      description: "not in Harbor's API: the time of its data, as it said itself when it was last asked",
    }),
  ),
  create_time: time,
  update_time: time,
  adapter: text,
  vendor: text,
  version: text,
  health: text,
  capabilities: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
})

const uri = Type.String({ format: 'uri' })

const ScannerRegistrationReq = Type.Object({
  name: Type.String(),
  description: text,
  url: uri,
  auth: text,
  access_credential: text,
  skip_certVerify: flag,
  use_internal_addr: flag,
  disabled: flag,
})

/** Fields that are left out stay. */
export const ScannerRegistrationChange = Type.Partial(ScannerRegistrationReq)

export const ScannerRegistrationSettings = Type.Object({
  name: Type.String(),
  url: uri,
  auth: text,
  access_credential: text,
})

export const IsDefault = Type.Object({ is_default: flag })

export const ProjectScanner = Type.Object({ uuid: Type.String() })

/** What a scanner answers about itself; without a name and capabilities it is no scanner. */
export const ScannerAdapterMetadata = Type.Object({
  scanner: Type.Object({ name: Type.String(), vendor: text, version: text }),
  capabilities: Type.Array(
    Type.Object({
      type: text,
      consumes_mime_types: Type.Optional(Type.Array(Type.String())),
      produces_mime_types: Type.Optional(Type.Array(Type.String())),
    }),
  ),
  properties: Type.Optional(Type.Record(Type.String(), Type.String())),
})

/** The form of a scanner's id. */
export const uuidForm = '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'

const tag = 'scanner'
const path = '/scanners/{registration_id}'
const params = Type.Object({
  registration_id: Type.String({ pattern: uuidForm, ...says('the id of a scanner'), ...ownBounds }),
})
const ofProject = '/projects/{project_name_or_id}/scanner'

export const listScanners = operation({
  id: 'listScanners',
  tag,
  method: 'GET',
  path: '/scanners',
  summary: 'List the scanners',
  query: ListQuery,
  status: 200,
  answer: Type.Array(ScannerRegistration),
  page: true,
})

export const createScanner = operation({
  id: 'createScanner',
  tag,
  method: 'POST',
  path: '/scanners',
  summary: 'Register a scanner; the first one becomes the default',
  body: ScannerRegistrationReq,
  status: 201,
})

export const pingScanner = operation({
  id: 'pingScanner',
  tag,
  method: 'POST',
  path: '/scanners/ping',
  summary: 'Ask a scanner that is not registered yet whether it answers',
  body: ScannerRegistrationSettings,
  status: 200,
})

export const getScanner = operation({
  id: 'getScanner',
  tag,
  method: 'GET',
  path,
  summary: 'Get a scanner; its credential is never shown',
  params,
  status: 200,
  answer: ScannerRegistration,
})

export const updateScanner = operation({
  id: 'updateScanner',
  tag,
  method: 'PUT',
  path,
  summary: 'Change a scanner; what is left out stays',
  params,
  body: ScannerRegistrationChange,
  status: 200,
})

export const deleteScanner = operation({
  id: 'deleteScanner',
  tag,
  method: 'DELETE',
  path,
  summary: 'Delete a scanner; projects that had chosen it fall back to the default',
  params,
  status: 200,
  answer: ScannerRegistration,
})

export const setScannerAsDefault = operation({
  id: 'setScannerAsDefault',
  tag,
  method: 'PATCH',
  path,
  summary: 'Make a scanner the default of every project that has chosen none',
  params,
  body: IsDefault,
  status: 200,
})

export const getScannerMetadata = operation({
  id: 'getScannerMetadata',
  tag,
  method: 'GET',
  path: `${path}/metadata`,
  summary: 'Ask a scanner who it is and what it can do',
  params,
  status: 200,
  answer: ScannerAdapterMetadata,
})

export const getScannerOfProject = operation({
  id: 'getScannerOfProject',
  tag: 'project',
  method: 'GET',
  path: ofProject,
  summary: 'The scanner of a project, its own choice or the default, and whether it answers; empty when there is none',
  params: ProjectEither,
  status: 200,
  answer: Type.Partial(ScannerRegistration),
})

export const setScannerOfProject = operation({
  id: 'setScannerOfProject',
  tag: 'project',
  method: 'PUT',
  path: ofProject,
  summary: 'Choose the scanner of a project',
  params: ProjectEither,
  body: ProjectScanner,
  status: 200,
})

export const listScannerCandidatesOfProject = operation({
  id: 'listScannerCandidatesOfProject',
  tag: 'project',
  method: 'GET',
  path: `${ofProject}/candidates`,
  summary: 'List the scanners that a project can choose',
  params: ProjectEither,
  query: ListQuery,
  status: 200,
  answer: Type.Array(ScannerRegistration),
  page: true,
})
