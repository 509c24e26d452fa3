import { getHealth, getVolumes } from '../../../../api/system.ts'
import type { AnswerOf } from '../../../../api/operation.ts'
import { base } from '../../lib/location.ts'
import { useApi } from '../../lib/query.ts'
import { canInSystem, systemInfo } from '../../lib/session.ts'
import { showBytes, showTime } from '../../lib/show.ts'
import { Badge } from '../../ui/badge.tsx'
import { CodeView } from '../../ui/code.tsx'
import { Figures } from '../../ui/figures.tsx'
import { PageHeader } from '../../ui/header.tsx'
import { PlainTable } from '../../ui/plain-table.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import { words } from './words.ts'

type Health = AnswerOf<typeof getHealth>
type Volumes = AnswerOf<typeof getVolumes>

/** What this Marina is, and how it is. */
export default function About() {
  const health = useApi(getHealth, {}, { everyMs: 15_000 })
  const volumes = useApi(getVolumes, {}, { isOn: canInSystem('system-volumes', 'read') })
  const info: Info = systemInfo.value ?? {}
  const { harbor_version: version, current_time: time, registry_storage_provider_name: storage } = info
  const disk = volumes.data?.storage[0]
  return (
    <>
      <PageHeader title={words().title} about={words().about} />
      <Figures
        figures={[
          { label: words().version, value: version ?? '–' },
          { label: words().address, value: location.host },
          ...(storage === undefined ? [] : [{ label: words().storage, value: storage }]),
          ...(disk && disk.total > 0
            ? [{ label: words().disk, value: words().free(showBytes(disk.free), showBytes(disk.total)) }]
            : []),
          ...(time === undefined ? [] : [{ label: words().time, value: showTime(Date.parse(time)) }]),
        ]}
      />
      {health.error && !health.data && <ErrorState error={health.error} onRetry={health.refresh} />}
      {health.data && <Parts health={health.data} />}
      {health.data && <Report text={reportOf(info, health.data, volumes.data)} />}
      <section class="about-more">
        <h2>{words().licences}</h2>
        <p>{words().licencesHint}</p>
        <p class="row below">
          <a href={`${base}devcenter-api-2.0`}>{words().explorer}</a>
          {info.has_ca_root === true && (
            <a href={`${base}api/v2.0/systeminfo/getcert`} download>
              {words().certificate}: {words().download}
            </a>
          )}
        </p>
      </section>
    </>
  )
}

type Info = Partial<NonNullable<typeof systemInfo.value>>

function Parts({ health }: { health: Health }) {
  const isHealthy = health.status === 'healthy'
  return (
    <>
      <div class="section-head">
        <h2>{words().parts}</h2>
        <Badge tone={isHealthy ? 'good' : 'bad'}>{isHealthy ? words().allHealthy : words().someUnhealthy}</Badge>
      </div>
      <PlainTable
        label={words().parts}
        rows={health.components}
        keyOf={({ name }) => name}
        columns={[
          { name: 'part', title: words().part, cell: ({ name }) => <span class="name">{name}</span> },
          {
            name: 'state',
            title: words().state,
            cell: ({ status }) =>
              status === 'healthy' ? (
                <Badge tone="good">{words().healthy}</Badge>
              ) : (
                <Badge tone="bad">{words().unhealthy}</Badge>
              ),
          },
          { name: 'error', title: words().error, cell: ({ error }) => error ?? '–' },
        ]}
      />
    </>
  )
}

function Report({ text }: { text: string }) {
  return (
    <>
      <div class="section-head">
        <h2>{words().report}</h2>
      </div>
      <p class="tab-about">{words().reportHint}</p>
      <CodeView text={text} label={words().report} />
    </>
  )
}

/** What helps to find a fault, and tells nothing that must stay here. */
function reportOf(info: Info, { status, components }: Health, volumes: Volumes | undefined): string {
  const rows: [string, unknown][] = [
    ['version', info.harbor_version],
    ['server time', info.current_time],
    ['sign-in', info.auth_mode],
    ['blobs in', info.registry_storage_provider_name],
    ['read only', info.read_only],
    ['webhooks', info.notification_enable],
    ['disk', (volumes?.storage ?? []).map(({ total, free }) => `${free} of ${total} bytes free`).join(', ')],
    ['state', status],
    ...components.map(({ name, status: state, error }): [string, unknown] => [
      `- ${name}`,
      `${state}${error === undefined ? '' : `: ${error}`}`,
    ]),
    ['browser', navigator.userAgent],
    ['languages', navigator.languages.join(', ')],
    ['window', `${innerWidth} × ${innerHeight}`],
  ]
  return rows
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => `${`${name}:`.padEnd(16)} ${String(value)}`)
    .join('\n')
}
