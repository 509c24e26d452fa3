import { listProjectLogExts } from '../../../../api/audit.ts'
import { isQ } from '../../lib/q.ts'
import { EmptyState } from '../../ui/empty.tsx'
import { DataGrid } from '../../ui/grid.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import type { InArtifact } from './in-artifact.ts'
import { words } from './words.ts'

/** What happened to it, as the audit log of the project has it. */
export function Activity({ project, repository, artifact, tag }: InArtifact) {
  const name = `${project.name}/${repository}`
  const resource = tag === undefined ? `${name}@${artifact.digest}` : `${name}:${tag}`
  return (
    <DataGrid
      label={words().tabs.activity}
      operation={listProjectLogExts}
      call={{ params: { project_name: project.name }, query: { q: isQ('resource', resource) } }}
      keyOf={({ id }) => id}
      nameOf={(row) => row.operation_description}
      columns={[
        { name: 'when', title: words().when, cell: ({ op_time: at }) => <TimeAgo at={at} /> },
        { name: 'what', title: words().what, cell: (row) => row.operation_description },
        { name: 'who', title: words().who, cell: ({ username }) => username },
      ]}
      empty={<EmptyState icon="activity" title={words().noEvents} />}
    />
  )
}
