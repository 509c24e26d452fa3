import { Type } from './type.ts'
import { operation } from './operation.ts'
import { ListQuery, listQuery, ownBounds, ProjectName } from './requests.ts'

export const Repository = Type.Object({
  id: Type.Integer(),
  project_id: Type.Integer(),
  name: Type.String(),
  description: Type.String(),
  artifact_count: Type.Integer(),
  pull_count: Type.Integer(),
  creation_time: Type.String({ format: 'date-time' }),
  update_time: Type.String({ format: 'date-time' }),
  last_pull_time: Type.Optional(
    Type.String({ format: 'date-time', description: "absent when it was never pulled; not in Harbor's API" }),
  ),
  tag_count: Type.Optional(Type.Integer({ description: "with with_usage; not in Harbor's API" })),
  size: Type.Optional(
    Type.Integer({ description: "with with_usage: bytes of all that it holds, each blob once; not in Harbor's API" }),
  ),
})

/** A repository as clients send it to change it; only its description can change. */
export const RepositoryReq = Type.Partial(Repository)

/** Path parameters of a repository: its name without that of its project. */
export const RepositoryPath = Type.Object({
  ...ProjectName.properties,
  repository_name: Type.String({ minLength: 1, maxLength: 1024, ...ownBounds }),
})

const tag = 'repository'
const list = '/projects/{project_name}/repositories'
const path = `${list}/{repository_name}`
const params = RepositoryPath

export const listAllRepositories = operation({
  id: 'listAllRepositories',
  tag,
  method: 'GET',
  path: '/repositories',
  summary: 'List the repositories of all projects that the caller may see',
  query: ListQuery,
  status: 200,
  answer: Type.Array(Repository),
  page: true,
})

export const listRepositories = operation({
  id: 'listRepositories',
  tag,
  method: 'GET',
  path: list,
  summary: 'List the repositories of a project',
  params: ProjectName,
  query: Type.Object({
    ...listQuery,
    with_usage: Type.Optional(Type.Boolean({ description: 'also the tags and bytes of each repository' })),
  }),
  status: 200,
  answer: Type.Array(Repository),
  page: true,
})

export const getRepository = operation({
  id: 'getRepository',
  tag,
  method: 'GET',
  path,
  summary: 'Get a repository',
  params,
  status: 200,
  answer: Repository,
})

export const updateRepository = operation({
  id: 'updateRepository',
  tag,
  method: 'PUT',
  path,
  summary: "Set a repository's description",
  params,
  body: RepositoryReq,
  status: 200,
})

export const deleteRepository = operation({
  id: 'deleteRepository',
  tag,
  method: 'DELETE',
  path,
  summary: 'Delete a repository with all its artifacts and tags',
  params,
  status: 200,
})
