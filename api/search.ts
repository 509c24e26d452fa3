import { Type } from './type.ts'
import { operation } from './operation.ts'
import { ownBounds } from './requests.ts'

/** A project as the search shows it: less than Project. */
export const SearchProject = Type.Object({
  current_user_role_id: Type.Optional(Type.Integer()),
  current_user_role_ids: Type.Array(Type.Integer()),
  project_id: Type.Integer(),
  owner_id: Type.Integer(),
  name: Type.String(),
  creation_time: Type.String({ format: 'date-time' }),
  update_time: Type.String({ format: 'date-time' }),
  deleted: Type.Boolean(),
  owner_name: Type.String(),
  repo_count: Type.Integer(),
  metadata: Type.Object({ public: Type.String() }),
})

export const SearchRepository = Type.Object({
  project_id: Type.Integer(),
  project_name: Type.String(),
  project_public: Type.Boolean(),
  repository_name: Type.String(),
  pull_count: Type.Integer(),
  artifact_count: Type.Integer(),
})

export const Search = Type.Object({
  project: Type.Array(SearchProject),
  repository: Type.Array(SearchRepository),
})

/** Totals are for administrators, 0 for others. */
export const Statistic = Type.Object({
  private_project_count: Type.Integer(),
  private_repo_count: Type.Integer(),
  public_project_count: Type.Integer(),
  public_repo_count: Type.Integer(),
  total_project_count: Type.Integer(),
  total_repo_count: Type.Integer(),
  total_storage_consumption: Type.Integer(),
})

export const search = operation({
  id: 'search',
  tag: 'search',
  method: 'GET',
  path: '/search',
  summary: 'Find projects and repositories by a part of their name',
  query: Type.Object({ q: Type.String({ maxLength: 255, ...ownBounds }) }),
  status: 200,
  answer: Search,
})

export const getStatistic = operation({
  id: 'getStatistic',
  tag: 'statistic',
  method: 'GET',
  path: '/statistics',
  summary: 'Count what the caller may see; totals and stored bytes for administrators',
  status: 200,
  answer: Statistic,
})
