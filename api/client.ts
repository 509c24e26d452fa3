import { Type, type Static, type TSchema } from 'typebox'
import { Configurations, ConfigurationsResponse } from './configurations.ts'
import { CVEAllowlist } from './cve-allowlist.ts'
import { Label } from './labels.ts'
import { Project, ProjectDeletable, ProjectReq, ProjectSummary } from './projects.ts'
import { Quota, QuotaUpdateReq } from './quotas.ts'
import { Search, Statistic } from './search.ts'
import { GeneralInfo, OverallHealthStatus, SystemInfo } from './system.ts'

type Row = { method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE'; path: string; body?: TSchema; answer?: TSchema }

const project = '/projects/{project_name_or_id}'
const Values = Type.Record(Type.String(), Type.String())

/** Operations by Harbor's operationId; client.test.ts holds them to the OpenAPI document that the server makes of its own rows. */
export const operations = {
  getPing: { method: 'GET', path: '/ping' },
  getHealth: { method: 'GET', path: '/health', answer: OverallHealthStatus },
  getSystemInfo: { method: 'GET', path: '/systeminfo', answer: GeneralInfo },
  getVolumes: { method: 'GET', path: '/systeminfo/volumes', answer: SystemInfo },
  getConfigurations: { method: 'GET', path: '/configurations', answer: ConfigurationsResponse },
  updateConfigurations: { method: 'PUT', path: '/configurations', body: Configurations },
  getSystemCVEAllowlist: { method: 'GET', path: '/system/CVEAllowlist', answer: CVEAllowlist },
  putSystemCVEAllowlist: { method: 'PUT', path: '/system/CVEAllowlist', body: CVEAllowlist },
  search: { method: 'GET', path: '/search', answer: Search },
  getStatistic: { method: 'GET', path: '/statistics', answer: Statistic },
  listProjects: { method: 'GET', path: '/projects', answer: Type.Array(Project) },
  headProject: { method: 'HEAD', path: '/projects' },
  createProject: { method: 'POST', path: '/projects', body: ProjectReq },
  getProject: { method: 'GET', path: project, answer: Project },
  updateProject: { method: 'PUT', path: project, body: ProjectReq },
  deleteProject: { method: 'DELETE', path: project },
  getProjectDeletable: { method: 'GET', path: `${project}/_deletable`, answer: ProjectDeletable },
  getProjectSummary: { method: 'GET', path: `${project}/summary`, answer: ProjectSummary },
  listProjectMetadatas: { method: 'GET', path: `${project}/metadatas/`, answer: Values },
  addProjectMetadatas: { method: 'POST', path: `${project}/metadatas/`, body: Values },
  getProjectMetadata: { method: 'GET', path: `${project}/metadatas/{meta_name}`, answer: Values },
  updateProjectMetadata: { method: 'PUT', path: `${project}/metadatas/{meta_name}`, body: Values },
  deleteProjectMetadata: { method: 'DELETE', path: `${project}/metadatas/{meta_name}` },
  listQuotas: { method: 'GET', path: '/quotas', answer: Type.Array(Quota) },
  getQuota: { method: 'GET', path: '/quotas/{id}', answer: Quota },
  updateQuota: { method: 'PUT', path: '/quotas/{id}', body: QuotaUpdateReq },
  ListLabels: { method: 'GET', path: '/labels', answer: Type.Array(Label) },
  CreateLabel: { method: 'POST', path: '/labels', body: Label },
  GetLabelByID: { method: 'GET', path: '/labels/{label_id}', answer: Label },
  UpdateLabel: { method: 'PUT', path: '/labels/{label_id}', body: Label },
  DeleteLabel: { method: 'DELETE', path: '/labels/{label_id}' },
} as const satisfies Record<string, Row>

export type Operations = typeof operations
export type OperationId = keyof Operations

type Names<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never
type Shape<Of, Key extends 'body' | 'answer'> = Of extends { [One in Key]: infer Schema extends TSchema } ? Static<Schema> : undefined
type Scalar = string | number | boolean

/** What an operation takes: the names in its path, a body where it has one, and any query. */
export type Asked<Id extends OperationId> = { query?: Record<string, Scalar> }
  & ([Names<Operations[Id]['path']>] extends [never] ? unknown : { params: Record<Names<Operations[Id]['path']>, Scalar> })
  & (Shape<Operations[Id], 'body'> extends undefined ? unknown : { body: Shape<Operations[Id], 'body'> })

export type Answered<Id extends OperationId> = { status: number; headers: Headers; body: Shape<Operations[Id], 'answer'> }

/** An answer that is no success, with what the server says of it. */
export class ApiError extends Error {
  override name = 'ApiError'
  readonly status: number
  readonly code: string | undefined
  constructor(status: number, code: string | undefined, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

export type Client = <Id extends OperationId>(id: Id, ...asked: object extends Asked<Id> ? [Asked<Id>?] : [Asked<Id>]) => Promise<Answered<Id>>

type ClientOptions = { /** Where Marina is, such as https://registry.example.com. */ url: string; login?: { name: string; password: string }; /** A request takes at most this, in ms. */ timeoutMs?: number }

/** Calls operations by their names; rejects with ApiError for every status from 300 on. */
export function openClient({ url, login, timeoutMs = 30_000 }: ClientOptions): Client {
  const authorization = login ? { authorization: `Basic ${btoa(String.fromCodePoint(...new TextEncoder().encode(`${login.name}:${login.password}`)))}` } : undefined

  return async (id, ...[asked]) => {
    const { method, path } = operations[id]
    const { params = {}, query = {}, body } = (asked ?? {}) as { params?: Record<string, Scalar>; query?: Record<string, Scalar>; body?: unknown }
    const place = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(params[name])))
    const search = new URLSearchParams(Object.entries(query).map(([key, value]): [string, string] => [key, String(value)])).toString()
    const response = await fetch(`${url}/api/v2.0${place}${search === '' ? '' : `?${search}`}`, {
      method, redirect: 'error', signal: AbortSignal.timeout(timeoutMs),
      headers: { ...authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw errorOf(response.status, text)
    return { status: response.status, headers: response.headers, body: text === '' || !isJson(response) ? undefined : JSON.parse(text) }
  }
}

const isJson = (response: Response) => response.headers.get('content-type')?.startsWith('application/json') === true

/** Something in between may answer in its own words. */
function errorOf(status: number, text: string): ApiError {
  try {
    const { errors } = JSON.parse(text) as { errors: { code: string; message: string }[] }
    return new ApiError(status, errors[0]!.code, errors[0]!.message)
  } catch {
    return new ApiError(status, undefined, `the server answered ${status}`)
  }
}
