import { useState } from 'preact/hooks'
import { flushCache, getCache } from '../../../../api/cache.ts'
import type { AnswerOf } from '../../../../api/operation.ts'
import { send } from '../../lib/api.ts'
import { changeQuery, query } from '../../lib/location.ts'
import { forget, useApi } from '../../lib/query.ts'
import { canInSystem } from '../../lib/session.ts'
import { showBytes, showCount, showShare } from '../../lib/show.ts'
import { Badge } from '../../ui/badge.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { Figures } from '../../ui/figures.tsx'
import type { Column } from '../../ui/grid.tsx'
import { PageHeader } from '../../ui/header.tsx'
import { PlainTable } from '../../ui/plain-table.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import { toast } from '../../ui/toasts.tsx'
import { KeysDrawer } from './keys.tsx'
import { words } from './words.ts'

type Overview = AnswerOf<typeof getCache>
type Resource = Overview['resources'][number]

/** What is cached, and how often that helps. */
export default function Caches() {
  const [doomed, setDoomed] = useState<Resource | undefined>(undefined)
  const found = useApi(getCache, {}, { everyMs: 10_000 })
  const kind = query.value.get('kind')
  const mayNot = canInSystem('configuration', 'update') ? undefined : words().mayNot
  return (
    <>
      <PageHeader title={words().title} about={words().about} />
      {found.error && !found.data && <ErrorState error={found.error} onRetry={found.refresh} />}
      {found.data && (
        <>
          <Totals overview={found.data} />
          <PlainTable
            label={words().title}
            columns={columnsOf()}
            rows={sorted(found.data.resources)}
            keyOf={(one) => `${one.layer} ${one.resource}`}
            nameOf={(one) => `${one.resource}, ${words().layers[one.layer] ?? one.layer}`}
            rowActions={(one) => [
              {
                label: words().look,
                icon: 'search',
                run: () => changeQuery({ kind: one.resource }, { replace: false }),
              },
              {
                label: words().flush,
                icon: 'trash',
                isDanger: true,
                disabledBecause: mayNot,
                run: () => setDoomed(one),
              },
            ]}
            empty={<p class="quiet-text">{words().none}</p>}
          />
        </>
      )}
      {doomed && <Flush resource={doomed} onClose={() => setDoomed(undefined)} />}
      {kind !== null && <KeysDrawer kind={kind} mayNot={mayNot} />}
    </>
  )
}

const sorted = (all: Resource[]): Resource[] =>
  [...all].sort((a, b) => a.resource.localeCompare(b.resource) || a.layer.localeCompare(b.layer))

function Totals({ overview: { processes, redis, resources } }: { overview: Overview }) {
  const memory = resources.filter(({ layer }) => layer === 'memory')
  const sum = (name: 'hit' | 'miss' | 'bytes' | 'entries') => memory.reduce((total, one) => total + one[name], 0)
  const asked = sum('hit') + sum('miss')
  return (
    <Figures
      figures={[
        { label: words().hitRate, value: asked === 0 ? '–' : showShare(sum('hit') / asked) },
        { label: words().entries, value: showCount(sum('entries')) },
        { label: words().bytes, value: showBytes(sum('bytes')) },
        { label: words().processes, value: showCount(processes) },
        {
          label: words().redis,
          value: (
            <Badge tone={redis === 'healthy' ? 'good' : redis === 'unhealthy' ? 'bad' : 'plain'}>
              {words().states[redis] ?? redis}
            </Badge>
          ),
        },
      ]}
    />
  )
}

function columnsOf(): Column<Resource>[] {
  return [
    { name: 'resource', title: words().resource, cell: ({ resource }) => <code>{resource}</code> },
    { name: 'layer', title: words().layer, cell: ({ layer }) => words().layers[layer] ?? layer },
    { name: 'entries', title: words().entries, isNumber: true, cell: ({ entries }) => showCount(entries) },
    {
      name: 'bytes',
      title: words().bytes,
      isNumber: true,
      hideBelow: 'small',
      cell: ({ bytes, layer }) => (layer === 'redis' ? '–' : showBytes(bytes)),
    },
    {
      name: 'share',
      title: words().share,
      isNumber: true,
      cell: ({ hit, miss }) => (hit + miss === 0 ? '–' : showShare(hit / (hit + miss))),
    },
    { name: 'load', title: words().loads, isNumber: true, hideBelow: 'medium', cell: ({ load }) => showCount(load) },
    {
      name: 'forget',
      title: words().forgotten,
      isNumber: true,
      hideBelow: 'medium',
      cell: (one) => showCount(one.forget),
    },
    {
      name: 'error',
      title: words().errors,
      isNumber: true,
      hideBelow: 'medium',
      cell: ({ error }) => (error > 0 ? <Badge tone="bad">{showCount(error)}</Badge> : '0'),
    },
  ]
}

function Flush({ resource: { resource, entries }, onClose }: { resource: Resource; onClose(): void }) {
  return (
    <Confirm
      title={words().flushTitle(resource)}
      action={words().flush}
      onClose={onClose}
      run={async () => {
        const { body } = await send(flushCache, { params: { resource } })
        forget('/system/cache')
        toast(body.redis === null ? words().redisSilent : words().flushed, { isBad: body.redis === null })
      }}
    >
      <p>{words().flushHint(showCount(entries))}</p>
    </Confirm>
  )
}
