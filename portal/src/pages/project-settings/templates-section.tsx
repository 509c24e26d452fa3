import { listProjectTemplates } from '../../../../api/project-templates.ts'
import { useApi } from '../../lib/query.ts'
import { ErrorState } from '../../ui/problem.tsx'
import { words } from './words.ts'

/** What new projects begin with, in the order in which templates are tried. */
export function TemplatesSection() {
  const { data, error, refresh } = useApi(listProjectTemplates, { query: { page_size: 100 } })
  return (
    <section class="card">
      <h2>{words().templates}</h2>
      <p class="quiet-text">{words().templatesAbout}</p>
      {error && <ErrorState error={error} onRetry={refresh} />}
      <div aria-busy={!data && !error}>
        {data?.length === 0 && <p class="below">{words().noTemplates}</p>}
        {data !== undefined && data.length > 0 && (
          <ol class="sentences">
            {data.map(({ id, name, projects = [], retention, metadata = {} }) => (
              <li key={id}>
                <strong class="wrap-text">{name}</strong>
                <code>
                  {projects.length === 0
                    ? words().everyProject
                    : projects.map(({ pattern, excludes }) => `${excludes ? '!' : ''}${pattern}`).join(', ')}
                </code>
                <span class="quiet-text">
                  {[
                    ...(retention ? [words().withRetention] : []),
                    ...Object.entries(metadata).map(([key, value]) => `${key}=${value}`),
                  ].join(', ')}
                </span>
              </li>
            ))}
          </ol>
        )}
      </div>
    </section>
  )
}
