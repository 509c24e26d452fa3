import { useState } from 'preact/hooks'
import type { AnswerOf } from '../../../../api/operation.ts'
import { listVulnerabilities } from '../../../../api/security-hub.ts'
import { severityWords } from '../../i18n/severity.ts'
import { shortDigest } from '../../lib/format.ts'
import { artifactPlace, splitRepository } from '../../lib/places.ts'
import { isQ } from '../../lib/q.ts'
import { EmptyState } from '../../ui/empty.tsx'
import { facetOf, SelectFacet, TextFacet } from '../../ui/facets.tsx'
import { FindingDrawer, FixedIn } from '../../ui/finding.tsx'
import { DataGrid, type Column } from '../../ui/grid.tsx'
import { Link } from '../../ui/link.tsx'
import { severities, Severity } from '../../ui/severities.tsx'
import { words } from './words.ts'

type Finding = AnswerOf<typeof listVulnerabilities>[number]

/** The facets' names in the address, and the fields of the API's q. */
const fields = { cve: 'cve_id', package: 'package', repository: 'repository_name', severity: 'severity' } as const

/** What the facets say, as the API's q. */
function qOf(): string {
  const texts = Object.entries(fields).flatMap(([name, field]) => {
    const value = facetOf(name)
    return value === '' ? [] : [isQ(field, value)]
  })
  const score = facetOf('score')
  return [...texts, ...(score === '' ? [] : [`cvss_score_v3=[${score}]`])].join(',')
}

/** Every finding of every image, with the filters of Harbor's security hub. */
export function Findings() {
  const [shown, setShown] = useState<Finding | undefined>(undefined)
  const q = qOf()
  return (
    <>
      <DataGrid
        label={words().list}
        operation={listVulnerabilities}
        call={{ query: { with_tag: 'true', ...(q === '' ? {} : { q }) } }}
        columns={columnsOf(setShown)}
        keyOf={(one) => `${one.cve_id} ${one.package} ${one.version} ${one.repository_name} ${one.digest}`}
        nameOf={(one) => one.cve_id}
        facets={<Facets />}
        isFiltered={q !== ''}
        empty={<EmptyState icon="shield" title={words().none} />}
      />
      {shown && <Shown finding={shown} onClose={() => setShown(undefined)} />}
    </>
  )
}

function Facets() {
  return (
    <>
      <TextFacet name="cve" label={words().cveFilter} />
      <TextFacet name="package" label={words().packageFilter} />
      <TextFacet name="repository" label={words().repositoryFilter} />
      <SelectFacet
        name="severity"
        label={severityWords().severity}
        any={severityWords().any}
        options={severities.map((value) => ({ value, label: severityWords().names[value]! }))}
      />
      <SelectFacet
        name="score"
        label={words().score}
        any={words().anyScore}
        options={Object.entries(words().scores).map(([value, label]) => ({ value, label }))}
      />
    </>
  )
}

function columnsOf(look: (one: Finding) => void): Column<Finding>[] {
  const named = severityWords()
  return [
    {
      name: 'cve',
      title: named.cve,
      cell: (one) => (
        <button type="button" class="link-button" onClick={() => look(one)}>
          {one.cve_id}
        </button>
      ),
    },
    { name: 'severity', title: named.severity, cell: ({ severity }) => <Severity of={severity} /> },
    { name: 'score', title: named.score, isNumber: true, hideBelow: 'small', cell: (one) => one.cvss_v3_score ?? '–' },
    { name: 'image', title: words().image, cell: (one) => <ImageLink of={one} tags={one.tags ?? []} /> },
    { name: 'package', title: named.package, cell: (one) => <span class="wrap-text">{one.package}</span> },
    { name: 'version', title: named.version, hideBelow: 'medium', cell: ({ version }) => <code>{version}</code> },
    { name: 'fixed', title: named.fixed, hideBelow: 'medium', cell: (one) => <FixedIn version={one.fixed_version} /> },
  ]
}

type ImageProps = { of: { repository_name: string; digest: string }; tags?: string[] }

/** The way to the findings of an image: by a tag where it has one. */
export function ImageLink({ of: { repository_name: name, digest }, tags = [] }: ImageProps) {
  const { project, repository } = splitRepository(name)
  const [tag] = tags
  return (
    <Link class="name" to={`${artifactPlace(project, repository, digest)}?tab=vulnerabilities`}>
      {tag === undefined ? `${name}@${shortDigest(digest)}` : `${name}:${tag}`}
    </Link>
  )
}

function Shown({ finding, onClose }: { finding: Finding; onClose(): void }) {
  const { cve_id: id, severity, cvss_v3_score: score, fixed_version: fixed, desc = '', links = [] } = finding
  return (
    <FindingDrawer finding={{ ...finding, id, severity, score, fixed, description: desc, links }} onClose={onClose}>
      <dt>{words().image}</dt>
      <dd>
        <ImageLink of={finding} tags={finding.tags ?? []} />
      </dd>
      {finding.status && (
        <>
          <dt>{words().status}</dt>
          <dd>{finding.status}</dd>
        </>
      )}
    </FindingDrawer>
  )
}
