import type { AnswerOf } from '../../../../api/operation.ts'
import { getScannerOfProject, listScannerCandidatesOfProject, setScannerOfProject } from '../../../../api/scanners.ts'
import { common } from '../../i18n/common.ts'
import { send } from '../../lib/api.ts'
import { forget, useApi } from '../../lib/query.ts'
import { SelectField } from '../../ui/choices.tsx'
import { Form } from '../../ui/form.tsx'
import type { Project } from '../../ui/project-frame.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { toast } from '../../ui/toasts.tsx'
import { words } from './words.ts'

/** Which scanner looks into the project's images: the default one, or another of those that are registered. */
export function ScannerSection({ project, mayChange }: { project: Project; mayChange: boolean }) {
  const params = { project_name_or_id: project.name }
  const found = useApi(getScannerOfProject, { params })
  const candidates = useApi(listScannerCandidatesOfProject, { params, query: { page_size: 100 } }, { isOn: mayChange })
  const error = found.error ?? candidates.error
  const { uuid = '', name, database_time: dataAt } = found.data ?? {}
  const all = candidates.data ?? []
  return (
    <section class="card" aria-label={words().scanner} aria-busy={!found.data && !error}>
      <h2>{words().scanner}</h2>
      <p class="quiet-text">{words().scannerAbout}</p>
      {error && <ErrorState error={error} onRetry={found.refresh} />}
      {found.data && (!mayChange || all.length === 0) && <p class="below">{name ?? words().noScanner}</p>}
      {dataAt !== undefined && (
        <p class="below">
          {words().dataOf} <TimeAgo at={dataAt} />
        </p>
      )}
      {found.data && mayChange && all.length > 0 && (
        <Form
          key={uuid}
          action={common().save}
          submit={async ({ scanner = '' }) => {
            await send(setScannerOfProject, { params, body: { uuid: scanner } })
            forget(`/projects/${project.name}/scanner`)
            toast(words().saved)
          }}
        >
          <SelectField
            name="scanner"
            label={words().scanner}
            value={uuid === '' ? all[0]!.uuid : uuid}
            options={all.map((one) => ({ value: one.uuid, label: labelOf(one) }))}
          />
        </Form>
      )}
    </section>
  )
}

/** The name, with what keeps a scanner from being one like the others. */
function labelOf({ name, is_default: isDefault, disabled }: AnswerOf<typeof listScannerCandidatesOfProject>[number]) {
  const marks = [...(isDefault ? [words().default] : []), ...(disabled ? [words().disabled] : [])]
  return marks.length === 0 ? name : `${name} (${marks.join(', ')})`
}
