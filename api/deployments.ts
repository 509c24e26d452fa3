import { Type } from 'typebox'
import { operation } from './operation.ts'
import { pageQuery, ProjectEither } from './requests.ts'

const Image = Type.Object({
  repository: Type.String({ minLength: 1, maxLength: 255, description: 'with its project' }),
  digest: Type.String({ minLength: 1, maxLength: 256 }),
  workload: Type.Optional(Type.String({ maxLength: 255, description: 'where it runs, for people: default/web' })),
})

/** Where an artifact runs, and until when that is known. */
export const Deployment = Type.Object({
  cluster: Type.String(),
  repository_name: Type.String({ description: 'with its project' }),
  digest: Type.String(),
  workload: Type.String(),
  reported_by: Type.String(),
  report_time: Type.String({ format: 'date-time' }),
  expiration_time: Type.String({ format: 'date-time' }),
})

const tag = 'deployments'
const ofProject = '/projects/{project_name_or_id}/deployments'

export const reportDeployments = operation({
  id: 'reportDeployments',
  tag,
  method: 'POST',
  path: '/deployments',
  summary: 'Report all that a cluster runs, in place of its last report; it is kept until the report runs out',
  body: Type.Object({
    cluster: Type.String({ minLength: 1, maxLength: 128 }),
    ttl_seconds: Type.Optional(
      Type.Integer({ minimum: 60, maximum: 31_536_000, description: 'how long the report holds' }),
    ),
    images: Type.Array(Image, { maxItems: 10_000 }),
  }),
  status: 200,
  answer: Type.Object({
    kept: Type.Integer({ description: 'images that are kept now' }),
    expiration_time: Type.String({ format: 'date-time' }),
    passed_over: Type.Array(Type.Object({ ...Image.properties, reason: Type.String() }), {
      description: 'images that are not kept, and why; the first hundred',
    }),
  }),
})

export const listDeployments = operation({
  id: 'listDeployments',
  tag,
  method: 'GET',
  path: ofProject,
  summary: 'List what clusters run of a project',
  params: ProjectEither,
  query: Type.Object(pageQuery),
  status: 200,
  answer: Type.Array(Deployment),
  page: true,
})

export const forgetDeployments = operation({
  id: 'forgetDeployments',
  tag,
  method: 'DELETE',
  path: `${ofProject}/{cluster}`,
  summary: 'Forget what a cluster runs of a project, so that it can be deleted',
  params: Type.Object({ ...ProjectEither.properties, cluster: Type.String({ minLength: 1, maxLength: 128 }) }),
  status: 200,
})
