import { useState } from 'preact/hooks'
import { getReplicationDrift, getReplicationPolicy, previewReplicationPolicy } from '../../../../api/replication.ts'
import { common } from '../../i18n/common.ts'
import { useAction } from '../../lib/action.ts'
import { send } from '../../lib/api.ts'
import { useLive } from '../../lib/live.ts'
import { navigate, query, withQuery } from '../../lib/location.ts'
import type { PageProps } from '../../lib/page.ts'
import { useApi } from '../../lib/query.ts'
import { canInSystem } from '../../lib/session.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Figures } from '../../ui/figures.tsx'
import { PageHeader } from '../../ui/header.tsx'
import { ErrorState, Problem } from '../../ui/problem.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import { Editor } from './editor.tsx'
import { showFilters, showTrigger, Way, type Policy } from './policy.tsx'
import { DriftView, PreviewView } from './preview.tsx'
import { DeletePolicy } from './delete-policy.tsx'
import { RunDialog } from './run-dialog.tsx'
import { RunDrawer } from './run-drawer.tsx'
import { Runs } from './runs.tsx'
import { words } from './words.ts'

/** One policy: its runs, what it would do now, and where both sides differ. */
export default function PolicyPage({ params }: PageProps<'id'>) {
  useLive(['replications', 'executions'], '/replication/executions')
  const id = Number(params.id)
  const found = useApi(getReplicationPolicy, { params: { id } })
  const run = query.value.get('run')
  const tab = query.value.get('tab') ?? 'runs'
  if (found.error && !found.data) return <ErrorState isPage error={found.error} onRetry={found.refresh} />
  const policy = found.data
  if (!policy) return <div class="page-loading" aria-busy="true" />
  return (
    <>
      <Head policy={policy} />
      <Figures
        figures={[
          { label: words().way, value: <Way policy={policy} /> },
          { label: words().what, value: <code>{showFilters(policy)}</code> },
          { label: words().when, value: showTrigger(policy) },
        ]}
      />
      <Tabs
        label={policy.name ?? ''}
        tabs={(['runs', 'preview', 'drift'] as const).map((one) => ({
          to: withQuery({ tab: one === 'runs' ? undefined : one, run: undefined, page: undefined }),
          label: words()[one],
          isCurrent: one === tab,
        }))}
      />
      {tab === 'preview' ? <PreviewTab id={id} /> : tab === 'drift' ? <DriftTab id={id} /> : <Runs policyId={id} />}
      {run !== null && <RunDrawer id={Number(run)} />}
    </>
  )
}

function Head({ policy }: { policy: Policy }) {
  const [asked, setAsked] = useState<'edit' | 'run' | 'delete' | undefined>(undefined)
  const close = () => setAsked(undefined)
  const isOn = policy.enabled === true
  const mayRun =
    (canInSystem('replication', 'create') ? undefined : words().mayNot) ?? (isOn ? undefined : words().isOff)
  return (
    <>
      <PageHeader
        title={policy.name ?? ''}
        path={[{ to: '/replication', label: words().title }]}
        about={policy.description}
        marks={isOn ? <Badge tone="good">{words().on}</Badge> : <Badge>{words().off}</Badge>}
        actions={
          <>
            {canInSystem('replication-policy', 'delete') && (
              <Button tone="quiet" icon="trash" aria-label={common().delete} onClick={() => setAsked('delete')} />
            )}
            {canInSystem('replication-policy', 'update') && (
              <Button icon="edit" onClick={() => setAsked('edit')}>
                {common().edit}
              </Button>
            )}
            <Button tone="main" icon="play" disabledBecause={mayRun} onClick={() => setAsked('run')}>
              {words().run}
            </Button>
          </>
        }
      />
      {asked === 'edit' && <Editor policy={policy} onClose={close} />}
      {asked === 'run' && <RunDialog policy={policy} onClose={close} />}
      {asked === 'delete' && <DeletePolicy policy={policy} onClose={close} onDone={() => navigate('/replication')} />}
    </>
  )
}

function PreviewTab({ id }: { id: number }) {
  const [preview, setPreview] = useState<Parameters<typeof PreviewView>[0]['preview'] | undefined>(undefined)
  const work = useAction(async () => setPreview((await send(previewReplicationPolicy, { params: { id } })).body))
  return (
    <>
      <div class="row ask-row">
        <Button icon="search" isBusy={work.isRunning} onClick={() => void work.run()}>
          {words().previewNow}
        </Button>
        <span class="quiet-text">{words().previewHint}</span>
      </div>
      {work.error && <Problem error={work.error} />}
      {preview && <PreviewView preview={preview} />}
    </>
  )
}

function DriftTab({ id }: { id: number }) {
  const [drift, setDrift] = useState<Parameters<typeof DriftView>[0]['drift'] | undefined>(undefined)
  const work = useAction(async () => setDrift((await send(getReplicationDrift, { params: { id } })).body))
  return (
    <>
      <div class="row ask-row">
        <Button icon="search" isBusy={work.isRunning} onClick={() => void work.run()}>
          {words().driftNow}
        </Button>
        <span class="quiet-text">{words().driftHint}</span>
      </div>
      {work.error && <Problem error={work.error} />}
      {drift && <DriftView drift={drift} />}
    </>
  )
}
