import { useState } from 'preact/hooks'
import { targetOf } from '../../../../api/client.ts'
import { downloadArtifactExport, exportArtifacts, listArtifactExports } from '../../../../api/exports.ts'
import type { AnswerOf } from '../../../../api/operation.ts'
import { getProject } from '../../../../api/projects.ts'
import { ApiError, send } from '../../lib/api.ts'
import { useLive } from '../../lib/live.ts'
import { base } from '../../lib/location.ts'
import { forget, useApi } from '../../lib/query.ts'
import { Button } from '../../ui/button.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import { TextField } from '../../ui/form.tsx'
import { FormDialog } from '../../ui/form-dialog.tsx'
import type { Column } from '../../ui/grid.tsx'
import { PageHeader } from '../../ui/header.tsx'
import { Icon } from '../../ui/icon.tsx'
import { PlainTable } from '../../ui/plain-table.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import { isGoingOn, RunState } from '../../ui/run.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { toast } from '../../ui/toasts.tsx'
import { words } from './words.ts'

type Report = AnswerOf<typeof listArtifactExports>['items'][number]

/** How often reports that are being written are asked again, in ms. */
const writingMs = 3000

/** The reports that the caller has asked for. */
export default function Reports() {
  const [isNew, setNew] = useState(false)
  const found = useApi(listArtifactExports, {})
  const reports = found.data?.items ?? []
  useApi(listArtifactExports, {}, { isOn: reports.some(({ status }) => isGoingOn(status)), everyMs: writingMs })
  useLive(['executions'], '/export/artifacts')
  const add = (
    <Button tone="main" icon="add" onClick={() => setNew(true)}>
      {words().create}
    </Button>
  )
  return (
    <>
      <PageHeader title={words().title} about={words().about} actions={add} />
      {found.error && !found.data && <ErrorState error={found.error} onRetry={found.refresh} />}
      <div aria-busy={!found.data && !found.error}>
        {found.data && (
          <PlainTable
            label={words().title}
            columns={columnsOf()}
            rows={reports}
            keyOf={({ id }) => id}
            empty={
              <EmptyState icon="file" title={words().none} action={add}>
                {words().noneHint}
              </EmptyState>
            }
          />
        )}
      </div>
      {isNew && <NewReport onClose={() => setNew(false)} />}
    </>
  )
}

function columnsOf(): Column<Report>[] {
  return [
    { name: 'report', title: words().report, cell: ({ id }) => <span class="name">{words().of(String(id))}</span> },
    {
      name: 'state',
      title: words().state,
      cell: ({ status, status_text: text }) => (
        <span class="row">
          <RunState state={status} /> {text !== '' && <span class="quiet-text wrap-text">{text}</span>}
        </span>
      ),
    },
    { name: 'asked', title: words().askedAt, cell: ({ start_time: at }) => <TimeAgo at={at} /> },
    { name: 'ready', title: words().ready, hideBelow: 'small', cell: ({ end_time: at }) => <TimeAgo at={at} /> },
    { name: 'file', title: words().file, cell: (one) => <File report={one} /> },
  ]
}

/** A link that the browser saves: the server drops the file once it is sent whole. */
function File({ report: { id, file_present: isThere, status } }: { report: Report }) {
  if (!isThere) return <span class="quiet-text">{isGoingOn(status) ? '–' : words().gone}</span>
  return (
    <a
      class="button small"
      download={`artifacts-${id}.csv`}
      href={`${base}api/v2.0${targetOf(downloadArtifactExport, { params: { execution_id: id } })}`}
      title={words().once}
      aria-label={words().downloadOf(String(id))}
    >
      <Icon name="download" /> {words().download}
    </a>
  )
}

function NewReport({ onClose }: { onClose(): void }) {
  return (
    <FormDialog
      title={words().createTitle}
      action={words().start}
      onClose={onClose}
      fieldOf={({ status }) => (status === 404 ? 'projects' : undefined)}
      submit={async ({ projects = '' }) => {
        const names = projects.split(/[\s,]+/).filter((one) => one !== '')
        const ids = await Promise.all(names.map(idOf))
        await send(exportArtifacts, { body: ids.length === 0 ? {} : { projects: ids } })
        forget('/export/artifacts')
        toast(words().asked)
      }}
    >
      <p>{words().createHint}</p>
      <TextField name="projects" label={words().projects} hint={words().projectsHint} autofocus />
    </FormDialog>
  )
}

/** The id of a project by its name; an error that names it where there is none. */
async function idOf(name: string): Promise<number> {
  try {
    return (await send(getProject, { params: { project_name_or_id: name } })).body.project_id
  } catch (error) {
    // Private projects that one may not see are 403 as in Harbor.
    if (error instanceof ApiError && (error.status === 404 || error.status === 403))
      throw new ApiError(404, error.code, words().noProject(name), error.requestId)
    throw error
  }
}
