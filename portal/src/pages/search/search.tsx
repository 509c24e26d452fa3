import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { findArtifacts } from '../../../../api/find.ts'
import { search } from '../../../../api/search.ts'
import { shortDigest } from '../../lib/format.ts'
import { changeQuery, query, withQuery } from '../../lib/location.ts'
import { artifactPlace, projectPlace, repositoryPlace, splitRepository } from '../../lib/places.ts'
import { useApi } from '../../lib/query.ts'
import { showBytes, showCount } from '../../lib/show.ts'
import { EmptyState } from '../../ui/empty.tsx'
import { PageHeader } from '../../ui/header.tsx'
import { Icon } from '../../ui/icon.tsx'
import type { IconName } from '../../ui/icons.ts'
import { Link } from '../../ui/link.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { words } from './words.ts'

/** Rows of each kind while all kinds are shown, and while one is. */
const few = 8
const many = 100
/** How long typing must pause before the server is asked, in ms. */
const pauseMs = 200

type Kind = 'projects' | 'repositories' | 'artifacts'
type Found = { key: string; to: string; name: string; about: ComponentChildren }

/** Looks for projects, repositories, tags and digests that the caller may see. What is looked for is in the address. */
export default function Search() {
  const text = (query.value.get('q') ?? '').trim()
  return (
    <>
      <PageHeader title={words().title} about={words().about} />
      <SearchField text={text} />
      {text === '' ? <EmptyState icon="search" title={words().start} /> : <Results key={text} text={text} />}
    </>
  )
}

function SearchField({ text }: { text: string }) {
  const [typed, setTyped] = useState(text)
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  const input = useRef<HTMLInputElement>(null)
  useEffect(() => {
    input.current?.focus()
    return () => clearTimeout(timer.current)
  }, [])
  const follow = (value: string) => {
    setTyped(value)
    clearTimeout(timer.current)
    timer.current = setTimeout(() => changeQuery({ q: value }), pauseMs)
  }
  return (
    <label class="search-field wide">
      <Icon name="search" />
      <span class="only-read">{words().label}</span>
      <input
        ref={input}
        type="search"
        value={typed}
        placeholder={words().label}
        autocomplete="off"
        spellcheck={false}
        onInput={(event) => follow(event.currentTarget.value)}
      />
    </label>
  )
}

function Results({ text }: { text: string }) {
  const names = useApi(search, { query: { q: text.slice(0, 255) } })
  const artifacts = useApi(findArtifacts, { query: { q: text.slice(0, 128) } })
  const error = names.error ?? artifacts.error
  if (error) return <ErrorState error={error} onRetry={names.refresh} />
  if (!names.data || !artifacts.data) return <div class="page-loading" aria-busy="true" />
  const found: Record<Kind, Found[]> = {
    projects: names.data.project.map(projectRow),
    repositories: names.data.repository.map(repositoryRow),
    artifacts: artifacts.data.map(artifactRow),
  }
  const kinds = (Object.keys(found) as Kind[]).filter((one) => found[one].length > 0)
  if (kinds.length === 0) {
    return (
      <EmptyState icon="search" title={words().nothing(text)}>
        {words().nothingHint}
      </EmptyState>
    )
  }
  const asked = query.value.get('kind')
  const shown = kinds.filter((one) => asked === one)
  const isAll = shown.length === 0
  return (
    <>
      <Tabs
        label={words().kinds}
        tabs={[
          { to: withQuery({ kind: undefined }), label: words().all, isCurrent: isAll },
          ...kinds.map((one) => ({
            to: withQuery({ kind: one }),
            label: words()[one],
            count: showCount(found[one].length),
            isCurrent: asked === one,
          })),
        ]}
      />
      {(isAll ? kinds : shown).map((one) => (
        <Section key={one} kind={one} rows={found[one]} most={isAll ? few : many} />
      ))}
    </>
  )
}

const icons: Record<Kind, IconName> = { projects: 'boxes', repositories: 'layers', artifacts: 'tag' }

function Section({ kind, rows, most }: { kind: Kind; rows: Found[]; most: number }) {
  return (
    <section class="found">
      <h2>{words()[kind]}</h2>
      <ul class="card">
        {rows.slice(0, most).map(({ key, to, name, about }) => (
          <li key={key}>
            <Icon name={icons[kind]} />
            <Link to={to} class="name">
              {name}
            </Link>
            <span class="quiet-text">{about}</span>
          </li>
        ))}
      </ul>
      {rows.length > most && (
        <p class="quiet-text">
          {most === few ? (
            <Link to={withQuery({ kind })}>
              {words()[kind]}: {showCount(rows.length)}
            </Link>
          ) : (
            words().more
          )}
        </p>
      )}
    </section>
  )
}

const projectRow = ({ name, repo_count: count }: { name: string; repo_count: number }): Found => ({
  key: name,
  to: projectPlace(name),
  name,
  about: words().repositoryCount(count, showCount(count)),
})

type FoundRepository = { repository_name: string; artifact_count: number; pull_count: number }

function repositoryRow({ repository_name: name, artifact_count: count, pull_count: pulls }: FoundRepository): Found {
  const { project, repository } = splitRepository(name)
  const about = `${words().artifactCount(count, showCount(count))}, ${words().pulls(pulls, showCount(pulls))}`
  return { key: name, to: repositoryPlace(project, repository), name, about }
}

type FoundArtifact = { repository_name: string; digest: string; tag?: string; size: number; push_time: string }

function artifactRow({ repository_name: name, digest, tag, size, push_time: at }: FoundArtifact): Found {
  const { project, repository } = splitRepository(name)
  const place = artifactPlace(project, repository, digest)
  return {
    key: `${name} ${tag ?? digest}`,
    to: tag === undefined ? place : `${place}?tag=${tag}`,
    name: tag === undefined ? `${name}@${shortDigest(digest)}` : `${name}:${tag}`,
    about: (
      <>
        {showBytes(size)}, <TimeAgo at={at} />
      </>
    ),
  }
}
