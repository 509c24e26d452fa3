import { getAddition } from '../../../../api/artifacts.ts'
import { query, withQuery } from '../../lib/location.ts'
import { useApi } from '../../lib/query.ts'
import { showBytes } from '../../lib/show.ts'
import { CodeView } from '../../ui/code.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import { Icon } from '../../ui/icon.tsx'
import { Link } from '../../ui/link.tsx'
import { Markdown } from '../../ui/markdown.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import type { InArtifact } from './in-artifact.ts'
import { words } from './words.ts'

const shown = ['readme.md', 'values.yaml', 'dependencies', 'files', 'license'] as const
type Addition = (typeof shown)[number]

/** The files of a chart or a model that are worth reading. */
export function Files(here: InArtifact) {
  const all = shown.filter((one) => one in here.artifact.addition_links)
  const asked = query.value.get('file')
  const addition = all.find((one) => one === asked) ?? all[0]!
  const nameOf: Record<Addition, string> = {
    'readme.md': words().readme,
    'values.yaml': words().values,
    'dependencies': words().dependencies,
    'files': words().content,
    'license': words().license,
  }
  return (
    <div class="files">
      <nav aria-label={words().tabs.files}>
        <ul>
          {all.map((one) => (
            <li key={one}>
              <Link to={withQuery({ file: one })} current={one === addition}>
                <Icon name="file" /> {nameOf[one]}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <File key={addition} {...here} addition={addition} name={nameOf[addition]} />
    </div>
  )
}

function File({ project, repository, artifact, addition, name }: InArtifact & { addition: Addition; name: string }) {
  const params = { project_name: project.name, repository_name: repository, reference: artifact.digest, addition }
  const { data, error, refresh } = useApi(getAddition, { params })
  if (error) return <ErrorState error={error} onRetry={refresh} />
  if (data === undefined) return <div class="page-loading" aria-busy="true" />
  const content: unknown = data
  if (Array.isArray(content)) {
    if (content.length === 0) return <EmptyState icon="file" title={words().nothing} />
    return addition === 'files' ? (
      <Folder entries={content as Entry[]} />
    ) : (
      <Dependencies rows={content as Dependency[]} />
    )
  }
  const text = typeof content === 'string' ? content : ''
  if (text === '') return <EmptyState icon="file" title={words().nothing} />
  return addition === 'readme.md' ? (
    <div class="card">
      <Markdown text={text} />
    </div>
  ) : (
    <CodeView label={name} text={text} numbered />
  )
}

type Dependency = { name: string; version: string; repository: string }

function Dependencies({ rows }: { rows: Dependency[] }) {
  return (
    <div class="grid">
      <div class="table-frame">
        <table aria-label={words().dependencies}>
          <thead>
            <tr>
              <th>{words().name}</th>
              <th>{words().version}</th>
              <th>{words().repository}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ name, version, repository }, index) => (
              <tr key={index}>
                <td>{name}</td>
                <td>{version}</td>
                <td>{repository}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  )
}

type Entry = { name: string; type: 'file' | 'directory'; size?: number; children?: Entry[] }

function Folder({ entries }: { entries: Entry[] }) {
  return (
    <ul class="folder">
      {entries.map(({ name, type, size, children = [] }) => (
        <li key={name}>
          {type === 'directory' ? (
            <details open>
              <summary>{name}/</summary>
              <Folder entries={children} />
            </details>
          ) : (
            <span class="row">
              <Icon name="file" /> {name} {size !== undefined && <span class="quiet-text">{showBytes(size)}</span>}
            </span>
          )}
        </li>
      ))}
    </ul>
  )
}
