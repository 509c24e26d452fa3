import type { AnswerOf } from '../../../../api/operation.ts'
import { searchPackages } from '../../../../api/packages.ts'
import { shortDigest } from '../../lib/format.ts'
import { artifactPlace, splitRepository } from '../../lib/places.ts'
import { showCount } from '../../lib/show.ts'
import { Badge } from '../../ui/badge.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import { facetOf, TextFacet } from '../../ui/facets.tsx'
import { DataGrid, type Column } from '../../ui/grid.tsx'
import { PageHeader } from '../../ui/header.tsx'
import { Link } from '../../ui/link.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { words } from './words.ts'

type Found = AnswerOf<typeof searchPackages>[number]

/** The facets' names in the address, and the API's. */
const fields = { package: 'name', kind: 'type', version: 'version', cve: 'cve' } as const

/** Finds images by a package that they hold, or by a vulnerability of one. */
export default function Packages() {
  const asked = Object.entries(fields).flatMap(([facet, field]) => {
    const value = facetOf(facet).trim()
    return value === '' ? [] : [[field, value]]
  })
  // A version or a kind alone would be every image; the API wants a name or a vulnerability.
  const isReady = facetOf('package').trim() !== '' || facetOf('cve').trim() !== ''
  return (
    <>
      <PageHeader title={words().title} about={words().about} />
      {isReady ? (
        <DataGrid
          label={words().title}
          operation={searchPackages}
          call={{ query: Object.fromEntries(asked) }}
          columns={columnsOf()}
          keyOf={(one) => `${one.repository_name}@${one.digest} ${one.purl}`}
          nameOf={imageOf}
          linkTo={placeOf}
          facets={<Facets />}
          isFiltered={false}
          empty={
            <EmptyState icon="search" title={words().none}>
              {words().noneHint}
            </EmptyState>
          }
        />
      ) : (
        <div class="grid">
          <div class="toolbar" role="search" aria-label={words().title}>
            <Facets />
          </div>
          <EmptyState icon="search" title={words().begin}>
            {words().beginHint}
          </EmptyState>
        </div>
      )}
    </>
  )
}

function Facets() {
  return (
    <>
      <TextFacet name="package" label={words().name} />
      <TextFacet name="version" label={words().version} />
      <TextFacet name="kind" label={words().kind} />
      <TextFacet name="cve" label={words().cve} />
    </>
  )
}

const imageOf = ({ repository_name: name, digest, tags: [tag] }: Found): string =>
  tag === undefined ? `${name}@${shortDigest(digest)}` : `${name}:${tag}`

function placeOf({ repository_name: name, digest }: Found): string {
  const { project, repository } = splitRepository(name)
  return `${artifactPlace(project, repository, digest)}?tab=sbom`
}

/** Vulnerabilities that are named before the rest becomes a number. */
const named = 3

function columnsOf(): Column<Found>[] {
  return [
    {
      name: 'image',
      title: words().image,
      cell: (one) => (
        <Link class="name" to={placeOf(one)}>
          {imageOf(one)}
        </Link>
      ),
    },
    {
      name: 'package',
      title: words().package,
      cell: ({ name, version, type }) => (
        <span class="row">
          <span class="wrap-text">{name}</span> <code>{version}</code> <Badge>{type}</Badge>
        </span>
      ),
    },
    {
      name: 'vulnerabilities',
      title: words().vulnerabilities,
      hideBelow: 'small',
      cell: ({ vulnerabilities: all }) =>
        all.length === 0 ? (
          <span class="quiet-text">{words().noneKnown}</span>
        ) : (
          <span class="row">
            {all.slice(0, named).map((one) => (
              <Badge key={one} tone="warn">
                {one}
              </Badge>
            ))}
            {all.length > named && <span>{words().more(showCount(all.length - named))}</span>}
          </span>
        ),
    },
    { name: 'pushed', title: words().pushed, hideBelow: 'medium', cell: ({ push_time: at }) => <TimeAgo at={at} /> },
  ]
}
