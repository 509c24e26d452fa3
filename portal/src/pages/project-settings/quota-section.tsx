import { useState } from 'preact/hooks'
import { getProjectSummary } from '../../../../api/projects.ts'
import { listQuotas, updateQuota } from '../../../../api/quotas.ts'
import { common } from '../../i18n/common.ts'
import { send } from '../../lib/api.ts'
import { forget, useApi } from '../../lib/query.ts'
import { showBytes } from '../../lib/show.ts'
import { Meter } from '../../ui/charts.tsx'
import { Form, TextField } from '../../ui/form.tsx'
import type { Project } from '../../ui/project-frame.tsx'
import { toast } from '../../ui/toasts.tsx'
import { words } from './words.ts'

const gibibyte = 1024 ** 3

/** How much the project holds, and how much it may. */
export function QuotaSection({ project, mayChange }: { project: Project; mayChange: boolean }) {
  const params = { project_name_or_id: project.name }
  const { data } = useApi(getProjectSummary, { params })
  const used = data?.quota?.used['storage'] ?? 0
  const limit = data?.quota?.hard['storage'] ?? -1
  return (
    <section class="card" aria-label={words().quota} aria-busy={!data}>
      <h2>{words().quota}</h2>
      <p class="quiet-text">{words().quotaAbout}</p>
      {data?.quota && (
        <p class="below">
          <Meter
            label={words().quota}
            used={used}
            limit={limit}
            text={limit > 0 ? words().used(showBytes(used), showBytes(limit)) : words().usedNoLimit(showBytes(used))}
          />
        </p>
      )}
      {data?.quota &&
        (mayChange ? (
          <LimitForm key={limit} project={project} used={used} limit={limit} />
        ) : (
          <p class="quiet-text">{words().onlyAdmins}</p>
        ))}
    </section>
  )
}

function LimitForm({ project, used, limit }: { project: Project; used: number; limit: number }) {
  const [text, setText] = useState(limit > 0 ? String(limit / gibibyte) : '')
  const bytes = text === '' ? -1 : Math.round(Number(text) * gibibyte)
  return (
    <div class="below limit-form" onInput={(event) => setText((event.target as HTMLInputElement).value)}>
      <Form
        action={common().save}
        check={({ limit: given = '' }) => (given === '' || Number(given) > 0 ? {} : { limit: words().limitBad })}
        submit={async () => {
          await setLimit(project.project_id, bytes)
          forget(`/projects/${project.name}/summary`, '/quotas')
          toast(words().limitSaved)
        }}
      >
        <TextField
          name="limit"
          type="number"
          label={words().limit}
          hint={words().limitHint}
          value={text}
          min={0}
          step="any"
        />
      </Form>
      {bytes >= 0 && bytes < used && (
        <p class="note warn" role="status">
          {words().limitBelow(showBytes(used))}
        </p>
      )}
    </div>
  )
}

async function setLimit(projectId: number, bytes: number): Promise<void> {
  const { body } = await send(listQuotas, { query: { reference: 'project', reference_id: String(projectId) } })
  await send(updateQuota, { params: { id: body[0]!.id }, body: { hard: { storage: bytes } } })
}
