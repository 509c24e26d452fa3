import { useState } from 'preact/hooks'
import { forgetDeployments, listDeployments } from '../../../../api/deployments.ts'
import type { AnswerOf } from '../../../../api/operation.ts'
import { listProjects } from '../../../../api/projects.ts'
import { send } from '../../lib/api.ts'
import { changeQuery, query } from '../../lib/location.ts'
import { artifactPlace, splitRepository } from '../../lib/places.ts'
import { forget } from '../../lib/query.ts'
import { useRights } from '../../lib/rights.ts'
import { user } from '../../lib/session.ts'
import { shortDigest } from '../../lib/format.ts'
import { Combobox } from '../../ui/combobox.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import { DataGrid, type Column } from '../../ui/grid.tsx'
import { PageHeader } from '../../ui/header.tsx'
import { Link } from '../../ui/link.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { toast } from '../../ui/toasts.tsx'
import { storagePath, StorageTabs } from './tabs.tsx'
import { words } from './words.ts'

type Deployment = AnswerOf<typeof listDeployments>[number]

/** What clusters say that they run of a project. */
export default function Running() {
  const project = query.value.get('project') ?? ''
  return (
    <>
      <PageHeader title={words().running} path={storagePath()} about={words().runningAbout} />
      <StorageTabs current="/storage/running" />
      <div class="toolbar choose-project">
        {project !== '' && (
          <span>
            {words().project}: <strong>{project}</strong>
          </span>
        )}
        <Combobox
          label={words().chooseProject}
          placeholder={words().chooseProject}
          clears
          find={async (name, signal) => {
            const { body } = await send(listProjects, { query: { name, page_size: 10 } }, { signal })
            return body.map((one) => ({ value: one.name, label: one.name }))
          }}
          onPick={({ value }) => changeQuery({ project: value, page: undefined })}
        />
      </div>
      {project === '' ? <NoReport /> : <List key={project} project={project} />}
    </>
  )
}

function List({ project }: { project: string }) {
  const [doomed, setDoomed] = useState<string | undefined>(undefined)
  const can = useRights(project)
  const params = { project_name_or_id: project }
  return (
    <>
      <DataGrid
        label={words().running}
        operation={listDeployments}
        call={{ params }}
        columns={columnsOf()}
        keyOf={(one) => `${one.cluster} ${one.repository_name} ${one.digest} ${one.workload}`}
        nameOf={(one) => `${one.cluster} ${one.repository_name}`}
        linkTo={placeOf}
        {...(can('tag-retention', 'create') && {
          rowActions: ({ cluster }: Deployment) => [
            { label: words().forget, icon: 'trash' as const, isDanger: true, run: () => setDoomed(cluster) },
          ],
        })}
        empty={<NoReport />}
      />
      {doomed !== undefined && (
        <Confirm
          title={words().forgetTitle(doomed)}
          action={words().forget}
          onClose={() => setDoomed(undefined)}
          run={async () => {
            await send(forgetDeployments, { params: { ...params, cluster: doomed } })
            forget('/projects')
            toast(words().forgotten(doomed))
          }}
        >
          <p>{words().forgetHint}</p>
        </Confirm>
      )}
    </>
  )
}

function placeOf({ repository_name: name, digest }: Deployment): string {
  const { project, repository } = splitRepository(name)
  return artifactPlace(project, repository, digest)
}

function columnsOf(): Column<Deployment>[] {
  return [
    {
      name: 'artifact',
      title: words().artifact,
      cell: (one) => (
        <span class="two-lines">
          <Link class="name" to={placeOf(one)}>
            {one.repository_name}
          </Link>
          <code class="quiet-text">{shortDigest(one.digest)}</code>
        </span>
      ),
    },
    { name: 'cluster', title: words().cluster, cell: ({ cluster }) => cluster },
    { name: 'workload', title: words().workload, hideBelow: 'small', cell: ({ workload }) => workload || '–' },
    {
      name: 'reported',
      title: words().reported,
      hideBelow: 'small',
      cell: (one) => <TimeAgo at={one.report_time} />,
    },
    { name: 'until', title: words().holdsUntil, cell: (one) => <TimeAgo at={one.expiration_time} /> },
  ]
}

function NoReport() {
  const name = user.value?.username ?? 'robot$name'
  const commands = [
    `curl -u '${name}:…' -H 'content-type: application/json' \\`,
    `  ${location.origin}/api/v2.0/deployments -d '{`,
    `    "cluster": "production", "ttl_seconds": 86400,`,
    `    "images": [{"repository": "my-project/my-image", "digest": "sha256:…", "workload": "default/web"}]}'`,
  ].join('\n')
  return (
    <EmptyState icon="server" title={words().noReport} commands={commands}>
      {words().noReportHint}
    </EmptyState>
  )
}
