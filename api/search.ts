import { Type } from 'typebox'
import { Project } from './projects.ts'

const SearchRepository = Type.Object({
  project_id: Type.Optional(Type.Integer()),
  project_name: Type.Optional(Type.String()),
  project_public: Type.Optional(Type.Boolean()),
  repository_name: Type.Optional(Type.String()),
  pull_count: Type.Optional(Type.Integer()),
  artifact_count: Type.Optional(Type.Integer()),
})

export const Search = Type.Object({
  project: Type.Optional(Type.Array(Project)),
  repository: Type.Optional(Type.Array(SearchRepository)),
})

export const Statistic = Type.Object({
  private_project_count: Type.Optional(Type.Integer()),
  private_repo_count: Type.Optional(Type.Integer()),
  public_project_count: Type.Optional(Type.Integer()),
  public_repo_count: Type.Optional(Type.Integer()),
  total_project_count: Type.Optional(Type.Integer()),
  total_repo_count: Type.Optional(Type.Integer()),
  total_storage_consumption: Type.Optional(Type.Integer()),
})
