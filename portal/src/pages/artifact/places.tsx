import { listArtifactPlaces } from '../../../../api/artifact-graph.ts'
import { artifactPlace, splitRepository } from '../../lib/places.ts'
import { TagNames } from '../../ui/artifact-marks.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import { DataGrid } from '../../ui/grid.tsx'
import { Link } from '../../ui/link.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import type { InArtifact } from './in-artifact.ts'
import { words } from './words.ts'

/** Where else the same digest is. */
export function Places({ project, repository, artifact }: InArtifact) {
  const linkTo = ({ repository_name: name, digest }: { repository_name: string; digest: string }) => {
    const { project: other, repository: rest } = splitRepository(name)
    return artifactPlace(other, rest, digest)
  }
  return (
    <>
      <p class="quiet-text">{words().placesHint}</p>
      <DataGrid
        label={words().tabs.places}
        operation={listArtifactPlaces}
        call={{ params: { project_name: project.name, repository_name: repository, reference: artifact.digest } }}
        keyOf={(row) => row.repository_name}
        nameOf={(row) => row.repository_name}
        linkTo={linkTo}
        columns={[
          {
            name: 'repository',
            title: words().repository,
            cell: (row) => (
              <Link to={linkTo(row)} class="name">
                {row.repository_name}
              </Link>
            ),
          },
          { name: 'tags', title: words().tags, cell: ({ tags }) => <TagNames names={tags} /> },
          { name: 'pushed', title: words().pushed, cell: ({ push_time: at }) => <TimeAgo at={at} /> },
        ]}
        empty={<EmptyState icon="layers" title={words().noPlaces} />}
      />
    </>
  )
}
