import { useState } from 'preact/hooks'
import { query, withQuery } from '../../lib/location.ts'
import { useLive } from '../../lib/live.ts'
import { useApi } from '../../lib/query.ts'
import { canInSystem } from '../../lib/session.ts'
import { Button } from '../../ui/button.tsx'
import { PageHeader } from '../../ui/header.tsx'
import { isGoingOn } from '../../ui/run.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import { audit, storage, type Chore } from './chore.ts'
import { History } from './history.tsx'
import { Overview } from './overview.tsx'
import { RunDrawer } from './run-drawer.tsx'
import { StartDialog } from './start-dialog.tsx'
import { words } from './words.ts'

/** The collection of garbage, and the purge of the audit log: what runs, what ran, and when it runs by itself. */
export default function Collection() {
  const chore = query.value.get('tab') === 'audit' ? audit : storage
  const mayAudit = canInSystem('purge-audit', 'list')
  return (
    <>
      <Head chore={chore} />
      {mayAudit && (
        <Tabs
          label={words().title}
          tabs={[storage, audit].map((one) => ({
            to: withQuery({ tab: one === audit ? 'audit' : undefined, run: undefined, page: undefined }),
            label: words()[one.name],
            isCurrent: one === chore,
          }))}
        />
      )}
      <Panel key={chore.name} chore={chore} />
    </>
  )
}

function Head({ chore }: { chore: Chore }) {
  const [asked, setAsked] = useState<'run' | 'dry' | undefined>(undefined)
  const latest = useApi(chore.operations.listRuns, { query: { page_size: 1 } })
  const isBusy = isGoingOn(latest.data?.[0]?.job_status)
  const mayNot = canInSystem(chore.resource, 'create') ? undefined : words().mayNot
  const disabledBecause = mayNot ?? (isBusy ? words().notFree : undefined)
  return (
    <>
      <PageHeader
        title={words().title}
        about={chore === audit ? words().auditAbout : words().about}
        actions={
          <>
            <Button disabledBecause={disabledBecause} onClick={() => setAsked('dry')}>
              {words().dryRun}
            </Button>
            <Button
              tone="main"
              icon={chore === audit ? 'archive' : 'collection'}
              disabledBecause={disabledBecause}
              onClick={() => setAsked('run')}
            >
              {chore === audit ? words().purge : words().run}
            </Button>
          </>
        }
      />
      {asked && <StartDialog chore={chore} isDry={asked === 'dry'} onClose={() => setAsked(undefined)} />}
    </>
  )
}

function Panel({ chore }: { chore: Chore }) {
  useLive(['executions', 'collections'], chore.path)
  const run = query.value.get('run')
  return (
    <>
      <Overview chore={chore} />
      <History chore={chore} />
      {run !== null && <RunDrawer chore={chore} id={Number(run)} />}
    </>
  )
}
