import { useState } from 'preact/hooks'
import { listPreheatExecutions } from '../../../../api/preheat-runs.ts'
import { getPreheatPolicy, previewPreheatPolicy } from '../../../../api/preheat.ts'
import { common } from '../../i18n/common.ts'
import { useAction } from '../../lib/action.ts'
import { send } from '../../lib/api.ts'
import { navigate, query, withQuery } from '../../lib/location.ts'
import type { PageProps } from '../../lib/page.ts'
import { useApi } from '../../lib/query.ts'
import type { Can } from '../../lib/rights.ts'
import { showCount } from '../../lib/show.ts'
import { attempt } from '../../ui/attempt.ts'
import { Button } from '../../ui/button.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import { Figures } from '../../ui/figures.tsx'
import { DataGrid, type Column } from '../../ui/grid.tsx'
import { Link } from '../../ui/link.tsx'
import { ErrorState, Problem } from '../../ui/problem.tsx'
import { ProjectFrame } from '../../ui/project-frame.tsx'
import { RunState } from '../../ui/run.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { DeletePolicy } from './delete-policy.tsx'
import { PolicyEditor } from './policy-editor.tsx'
import { paramsOf, policyPlace, runPolicy, showFilters, showTrigger, type Policy, type Run } from './policy.ts'
import { PreviewView, type Preview } from './preview.tsx'
import { RunDrawer } from './run-drawer.tsx'
import { words } from './words.ts'

/** How often runs are asked again while one may go on, in ms: the stream tells project administrators of none. */
const everyMs = 3000

/** One policy of a project: what it would do now, and its runs. */
export default function PolicyPage({ params: { project, policy: name } }: PageProps<'project' | 'policy'>) {
  const found = useApi(getPreheatPolicy, { params: paramsOf(project, name) })
  const run = query.value.get('run')
  const { data: policy, error } = found
  return (
    <ProjectFrame
      name={project}
      tab="preheat"
      title={name}
      about={() => policy?.description}
      actions={({ can }) => policy && <Actions project={project} policy={policy} can={can} />}
    >
      {({ can }) =>
        policy ? (
          <>
            <Figures
              figures={[
                { label: words().service, value: policy.provider_name },
                { label: words().what, value: showFilters(policy) },
                { label: words().when, value: showTrigger(policy) },
                { label: words().state, value: policy.enabled ? words().on : words().off },
              ]}
            />
            <PreviewPart project={project} name={name} />
            <h2>{words().runs}</h2>
            <Runs project={project} name={name} />
            {run !== null && (
              <RunDrawer project={project} policy={name} id={Number(run)} mayStop={can('preheat-policy', 'update')} />
            )}
          </>
        ) : (
          error && <ErrorState error={error} onRetry={found.refresh} />
        )
      }
    </ProjectFrame>
  )
}

function Actions({ project, policy, can }: { project: string; policy: Policy; can: Can }) {
  const [asked, setAsked] = useState<'edit' | 'delete' | undefined>(undefined)
  const close = () => setAsked(undefined)
  const list = policyPlace(project, '').replace(/\/$/, '')
  const renamed = (name: string) => name !== policy.name && navigate(policyPlace(project, name))
  return (
    <>
      {can('preheat-policy', 'delete') && (
        <Button tone="quiet" icon="trash" aria-label={common().delete} onClick={() => setAsked('delete')} />
      )}
      {can('preheat-policy', 'update') && (
        <>
          <Button icon="edit" onClick={() => setAsked('edit')}>
            {common().edit}
          </Button>
          <Button
            tone="main"
            icon="play"
            disabledBecause={policy.enabled ? undefined : words().isOff}
            onClick={() => attempt(() => runPolicy(project, policy.name ?? ''))}
          >
            {words().run}
          </Button>
        </>
      )}
      {asked === 'edit' && <PolicyEditor project={project} policy={policy} onClose={close} onSaved={renamed} />}
      {asked === 'delete' && (
        <DeletePolicy project={project} policy={policy} onClose={close} onDone={() => navigate(list)} />
      )}
    </>
  )
}

function PreviewPart({ project, name }: { project: string; name: string }) {
  const [preview, setPreview] = useState<Preview | undefined>(undefined)
  const work = useAction(async () =>
    setPreview((await send(previewPreheatPolicy, { params: paramsOf(project, name) })).body),
  )
  return (
    <div class="preheat-ask">
      <div class="row">
        <Button icon="search" isBusy={work.isRunning} onClick={() => void work.run()}>
          {words().preview}
        </Button>
        <span class="quiet-text">{words().previewHint}</span>
      </div>
      {work.error && <Problem error={work.error} />}
      {preview && <PreviewView preview={preview} />}
    </div>
  )
}

const placeOf = ({ id }: Run) => withQuery({ run: String(id) })

function Runs({ project, name }: { project: string; name: string }) {
  return (
    <DataGrid
      label={words().runs}
      operation={listPreheatExecutions}
      call={{ params: paramsOf(project, name) }}
      columns={columnsOf()}
      keyOf={(one) => one.id ?? 0}
      nameOf={(one) => words().runNumber(String(one.id))}
      linkTo={placeOf}
      everyMs={everyMs}
      empty={
        <EmptyState icon="download" title={words().noRun}>
          {words().noRunHint}
        </EmptyState>
      }
    />
  )
}

function columnsOf(): Column<Run>[] {
  return [
    {
      name: 'run',
      title: words().runs,
      cell: (one) => (
        <Link class="name" to={placeOf(one)}>
          {words().runNumber(String(one.id))}
        </Link>
      ),
    },
    {
      name: 'state',
      title: words().state,
      cell: ({ status = '', status_message: text }) => (
        <span title={text}>
          <RunState state={status} />
        </span>
      ),
    },
    {
      name: 'images',
      title: words().images,
      isNumber: true,
      cell: ({ metrics: { task_count: all = 0, success_task_count: done = 0, error_task_count: failed = 0 } = {} }) =>
        `${showCount(done)} / ${showCount(all)}${failed > 0 ? ` · ${words().failedImages(failed)}` : ''}`,
    },
    {
      name: 'trigger',
      title: words().startedBy,
      hideBelow: 'medium',
      cell: ({ trigger = '' }) => words().triggers[trigger] ?? trigger,
    },
    { name: 'began', title: words().began, hideBelow: 'small', cell: ({ start_time: at }) => <TimeAgo at={at} /> },
  ]
}
