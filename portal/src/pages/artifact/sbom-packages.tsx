import { useMemo, useState } from 'preact/hooks'
import { targetOf } from '../../../../api/client.ts'
import { getSbom } from '../../../../api/scans.ts'
import { base } from '../../lib/location.ts'
import { useApi } from '../../lib/query.ts'
import { showBytes, showCount } from '../../lib/show.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { facetOf, SelectFacet, TextFacet } from '../../ui/facets.tsx'
import type { Column } from '../../ui/grid.tsx'
import { Icon } from '../../ui/icon.tsx'
import { PlainTable } from '../../ui/plain-table.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import type { InArtifact } from './in-artifact.ts'
import { choose, countKinds, inventoryOf, type Inventory, type Package } from './packages.ts'
import { sbomWords } from './sbom-words.ts'

/** Documents above this are shown on demand only, in bytes: a browser reads about 50 MiB in a second. */
const largeBytes = 24 * 1024 ** 2
/** Rows that are added at a time. */
const step = 100

type OfImage = InArtifact & { digest: string }

const paramsOf = ({ project, repository, digest }: OfImage) => ({
  project_name: project.name,
  repository_name: repository,
  reference: digest,
})

/** The document as files. `isOurs`: Marina made it, and can write it as CycloneDX, too. */
export function Downloads({ isOurs, ...here }: OfImage & { isOurs: boolean }) {
  const forms = isOurs
    ? ([
        ['spdx', sbomWords().spdx],
        ['cyclonedx', sbomWords().cyclonedx],
      ] as const)
    : ([['spdx', sbomWords().stored]] as const)
  const stem = here.repository.replaceAll('/', '-')
  return forms.map(([format, label]) => (
    <a
      key={format}
      class="button"
      href={`${base}api/v2.0${targetOf(getSbom, { params: paramsOf(here), query: { format } })}`}
      download={`${stem}.${format}.json`}
    >
      <Icon name="download" /> {label}
    </a>
  ))
}

/** The packages that the SBOM lists. A huge document is read only when somebody asks for it. */
export function Packages({ size, ...here }: OfImage & { size: number }) {
  const [isWanted, setWanted] = useState(size <= largeBytes)
  const found = useApi(getSbom, { params: paramsOf(here) }, { isOn: isWanted })
  const inventory = useMemo(() => (found.data === undefined ? undefined : inventoryOf(found.data)), [found.data])
  if (!isWanted)
    return (
      <div class="note info">
        <Icon name="info" />
        <p>
          {sbomWords().isLarge(showBytes(size))}{' '}
          <Button onClick={() => setWanted(true)}>{sbomWords().showAnyway}</Button>
        </p>
      </div>
    )
  if (found.error && found.data === undefined) return <ErrorState error={found.error} onRetry={found.refresh} />
  if (found.data === undefined) return <div class="page-loading" aria-busy="true" />
  return inventory ? <Table {...inventory} /> : <p class="note info">{sbomWords().unknownForm}</p>
}

function Table({ packages, remark }: Inventory) {
  const [most, setMost] = useState(step)
  const [text, kind] = [facetOf('q'), facetOf('kind')]
  const chosen = useMemo(() => choose(packages, text, kind), [packages, text, kind])
  const kinds = useMemo(() => countKinds(packages), [packages])
  if (packages.length === 0) return <p class="note info">{sbomWords().empty}</p>
  return (
    <>
      <div class="toolbar" role="search" aria-label={sbomWords().packages}>
        <TextFacet name="q" label={sbomWords().filter} />
        <SelectFacet
          name="kind"
          label={sbomWords().kind}
          any={sbomWords().anyKind}
          options={kinds
            .filter(([one]) => one !== '')
            .map(([value, count]) => ({ value, label: `${value} (${showCount(count)})` }))}
        />
        <span class="quiet-text" role="status">
          {sbomWords().count(showCount(chosen.length), showCount(packages.length))}
        </span>
      </div>
      <PlainTable
        label={sbomWords().packages}
        columns={columnsOf()}
        rows={chosen.slice(0, most)}
        keyOf={({ name, version, kind: of, place }) => `${of} ${name} ${version} ${place}`}
        empty={<p class="quiet-text">{sbomWords().noMatch}</p>}
      />
      {chosen.length > most && (
        <div class="row">
          <Button onClick={() => setMost(most + step)}>{sbomWords().more}</Button>
        </div>
      )}
      {remark !== '' && (
        <details class="fold">
          <summary>{sbomWords().remark}</summary>
          <p class="wrap-text">{remark}</p>
        </details>
      )}
    </>
  )
}

const columnsOf = (): Column<Package>[] => [
  { name: 'name', title: sbomWords().name, cell: ({ name }) => <strong class="wrap-text">{name}</strong> },
  { name: 'version', title: sbomWords().version, cell: ({ version }) => <code>{version || '–'}</code> },
  { name: 'kind', title: sbomWords().kind, cell: ({ kind }) => kind !== '' && <Badge>{kind}</Badge> },
  {
    name: 'license',
    title: sbomWords().license,
    hideBelow: 'small',
    cell: ({ license }) => <span class="wrap-text">{license || '–'}</span>,
  },
  {
    name: 'place',
    title: sbomWords().found,
    hideBelow: 'medium',
    cell: ({ place }) => <span class="wrap-text quiet-text">{place || '–'}</span>,
  },
]
