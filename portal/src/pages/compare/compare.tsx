import { compareArtifacts } from '../../../../api/compare.ts'
import { projectWords } from '../../i18n/project.ts'
import { shortDigest } from '../../lib/format.ts'
import { changeQuery, query, withQuery } from '../../lib/location.ts'
import type { PageProps } from '../../lib/page.ts'
import { artifactPlace, projectPlace, repositoryPlace } from '../../lib/places.ts'
import { platformText } from '../../lib/platforms.ts'
import { useApi } from '../../lib/query.ts'
import { showBytes } from '../../lib/show.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import { PageHeader } from '../../ui/header.tsx'
import { Link } from '../../ui/link.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import { WithProject } from '../../ui/project-frame.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import type { Comparison } from './comparison.ts'
import { Contents } from './contents.tsx'
import { Differences, Layers } from './parts.tsx'
import { ReferenceField } from './reference-field.tsx'
import { words } from './words.ts'

type Params = { project: string; repository: string }

/** What differs between two artifacts of a repository. Both stand in the address. */
export default function Compare({ params }: PageProps<'project' | 'repository'>) {
  return (
    <WithProject name={params.project} may={['artifact-addition:read']}>
      {() => <Inside {...params} />}
    </WithProject>
  )
}

function Inside({ project, repository }: Params) {
  const a = query.value.get('a') ?? ''
  const b = query.value.get('b') ?? ''
  return (
    <>
      <PageHeader
        title={a === '' || b === '' ? words().title : `${shortDigest(a)} ↔ ${shortDigest(b)}`}
        path={[
          { to: '/projects', label: projectWords().projects },
          { to: projectPlace(project), label: project },
          { to: repositoryPlace(project, repository), label: repository },
        ]}
      />
      <div class="sides">
        <ReferenceField
          key={`a${a}`}
          project={project}
          repository={repository}
          label={words().before}
          value={a}
          name="a"
        />
        <Button
          tone="quiet"
          icon="replication"
          aria-label={words().swap}
          onClick={() => changeQuery({ a: b, b: a }, { replace: false })}
        />
        <ReferenceField
          key={`b${b}`}
          project={project}
          repository={repository}
          label={words().after}
          value={b}
          name="b"
        />
      </div>
      {a === '' || b === '' ? (
        <EmptyState icon="columns" title={words().choose}>
          {words().chooseHint}
        </EmptyState>
      ) : (
        <Result project={project} repository={repository} a={a} b={b} />
      )}
    </>
  )
}

function Result({ project, repository, a, b }: Params & { a: string; b: string }) {
  const platform = query.value.get('platform') ?? undefined
  const { data, error, refresh } = useApi(compareArtifacts, {
    params: { project_name: project, repository_name: repository, reference: a },
    query: { with: b, ...(platform === undefined ? {} : { platform }) },
  })
  if (error && !data) return <ErrorState error={error} onRetry={refresh} />
  if (!data) return <div class="page-loading" aria-busy="true" />
  const { before, after, config, layers, annotations, platforms } = data
  if (before.digest === after.digest) {
    return (
      <EmptyState icon="check" title={words().identical}>
        {words().identicalHint}
      </EmptyState>
    )
  }
  return (
    <>
      {platform !== undefined && (
        <p class="row">
          {words().platform}: <code>{platform}</code>
          <Link to={withQuery({ platform: undefined })}>{words().wholeIndex}</Link>
        </p>
      )}
      <Facts project={project} repository={repository} comparison={data} />
      {platforms && <Platforms platforms={platforms} />}
      {layers && <Layers layers={layers} />}
      {config && <Differences title={words().config} rows={config} />}
      <Differences title={words().annotations} rows={annotations} />
      {config && <Contents project={project} repository={repository} before={before.digest} after={after.digest} />}
    </>
  )
}

function Facts({ project, repository, comparison }: Params & { comparison: Comparison }) {
  const { before, after } = comparison
  const link = ({ digest }: typeof before) => (
    <Link to={artifactPlace(project, repository, digest)}>
      <code>{shortDigest(digest)}</code>
    </Link>
  )
  const change = after.size - before.size
  return (
    <div class="grid">
      <div class="table-frame">
        <table aria-label={words().title}>
          <thead>
            <tr>
              <td />
              <th>{words().before}</th>
              <th>{words().after}</th>
            </tr>
          </thead>
          <tbody>
            <tr>
              <th scope="row">{words().digest}</th>
              <td>{link(before)}</td>
              <td>{link(after)}</td>
            </tr>
            <tr>
              <th scope="row">{words().size}</th>
              <td>{showBytes(before.size)}</td>
              <td>
                {showBytes(after.size)}{' '}
                {change !== 0 && <Badge>{`${change > 0 ? '+' : '−'}${showBytes(Math.abs(change))}`}</Badge>}
              </td>
            </tr>
            <tr>
              <th scope="row">{words().pushed}</th>
              <td>
                <TimeAgo at={before.push_time} />
              </td>
              <td>
                <TimeAgo at={after.push_time} />
              </td>
            </tr>
          </tbody>
        </table>
      </div>
    </div>
  )
}

/** The platforms of both indexes; those that both have can be looked into. */
function Platforms({ platforms }: { platforms: NonNullable<Comparison['platforms']> }) {
  const shown = platforms.filter(({ platform }) => platformText(platform) !== undefined)
  return (
    <section class="part">
      <h2>{words().platforms}</h2>
      <ul class="card rows">
        {shown.map(({ platform, before, after }) => {
          const name = platformText(platform)!
          const isBoth = before !== undefined && after !== undefined
          return (
            <li key={name} class="row">
              <code class="mark">{name}</code>
              {!isBoth && (
                <Badge tone={after === undefined ? 'bad' : 'good'}>
                  {after === undefined ? words().before : words().after}: {words().onlyHere}
                </Badge>
              )}
              {isBoth && <Badge>{before === after ? words().unchanged : words().changed}</Badge>}
              {isBoth && before !== after && (
                <Link to={withQuery({ platform: name })} label={`${words().details}: ${name}`}>
                  {words().details}
                </Link>
              )}
            </li>
          )
        })}
      </ul>
    </section>
  )
}
