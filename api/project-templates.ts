import { Type } from 'typebox'
import { operation } from './operation.ts'
import { idParam, PageQuery } from './requests.ts'
import { RetentionPolicy } from './retention.ts'

const { algorithm, rules, ordered_rules, trigger } = RetentionPolicy.properties

/** What new projects begin with: of the templates that choose a project's name, the first one counts. */
export const ProjectTemplate = Type.Object({
  id: Type.Optional(Type.Integer()),
  name: Type.String({ minLength: 1, maxLength: 128 }),
  projects: Type.Optional(
    Type.Array(
      Type.Object({
        pattern: Type.String(),
        excludes: Type.Optional(Type.Boolean({ description: 'choose what does not match' })),
      }),
      { maxItems: 20, description: 'doublestar patterns over the names of projects; none: all' },
    ),
  ),
  retention: Type.Optional(
    Type.Object(
      { algorithm, rules, ordered_rules, trigger },
      { description: 'a retention policy of the project’s own' },
    ),
  ),
  metadata: Type.Optional(
    Type.Record(Type.String(), Type.String(), { description: 'set where the request that made the project did not' }),
  ),
})

const tag = 'project-templates'
const path = '/system/project-templates'
const one = `${path}/{template_id}`
const params = Type.Object({ template_id: idParam })

export const listProjectTemplates = operation({
  id: 'listProjectTemplates',
  tag,
  method: 'GET',
  path,
  summary: 'List the templates of new projects, in the order in which they are tried',
  query: PageQuery,
  status: 200,
  answer: Type.Array(ProjectTemplate),
  page: true,
})

export const createProjectTemplate = operation({
  id: 'createProjectTemplate',
  tag,
  method: 'POST',
  path,
  summary: 'Give new projects a retention policy and metadata',
  body: ProjectTemplate,
  status: 201,
})

export const getProjectTemplate = operation({
  id: 'getProjectTemplate',
  tag,
  method: 'GET',
  path: one,
  summary: 'Get a template',
  params,
  status: 200,
  answer: ProjectTemplate,
})

export const updateProjectTemplate = operation({
  id: 'updateProjectTemplate',
  tag,
  method: 'PUT',
  path: one,
  summary: 'Change a template; projects that it was applied to stay as they are',
  params,
  body: ProjectTemplate,
  status: 200,
})

export const deleteProjectTemplate = operation({
  id: 'deleteProjectTemplate',
  tag,
  method: 'DELETE',
  path: one,
  summary: 'Delete a template; projects that it was applied to stay as they are',
  params,
  status: 200,
})
