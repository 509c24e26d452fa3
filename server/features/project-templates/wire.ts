import type { Static } from 'typebox'
import type * as api from '../../../api/project-templates.ts'
import { patternProblem } from '../../catalog/selector.ts'
import { Failure } from '../../platform/http/failure.ts'
import { parseProjectMetadata } from '../projects/index.ts'
import { parseProjectRetention, presentProjectRetention } from '../retention/index.ts'
import type { NewTemplate, Template } from './store.ts'

type Body = Static<typeof api.ProjectTemplate>

/** Reads a template. Throws BAD_REQUEST for rules, metadata or patterns that cannot be used. */
export function parseTemplate({ name, projects = [], retention, metadata = {} }: Body): NewTemplate {
  const problem = projects.map(({ pattern }) => patternProblem(pattern)).find((one) => one !== undefined)
  if (problem !== undefined) throw new Failure('BAD_REQUEST', `projects: ${problem}`)
  return {
    name,
    projects: projects.map(({ pattern, excludes = false }) => ({ pattern, excludes })),
    retention: retention ? parseProjectRetention(retention) : null,
    metadata: parseProjectMetadata(metadata),
  }
}

export function presentTemplate({ id, name, projects, retention, metadata }: Template): Body {
  return { id, name, projects, ...(retention ? { retention: presentProjectRetention(retention) } : {}), metadata }
}
