import { useState } from 'preact/hooks'
import { listRobots } from '../../../../api/robots.ts'
import { listProjectRoles } from '../../../../api/roles.ts'
import { createTagProtection, updateTagProtection } from '../../../../api/tag-protection.ts'
import { common } from '../../i18n/common.ts'
import { ApiError, send } from '../../lib/api.ts'
import { isQ } from '../../lib/q.ts'
import { useApi } from '../../lib/query.ts'
import { Boxes } from '../../ui/boxes.tsx'
import { FormDialog } from '../../ui/form-dialog.tsx'
import { FieldError, TextField } from '../../ui/form.tsx'
import { toast } from '../../ui/toasts.tsx'
import { bodyOf, forgetProtections, protectedActions, roleName, type Chosen, type Protection } from './protection.ts'
import { PreviewProtection } from './preview-protection.tsx'
import { protectionWords as words } from './protection-words.ts'

type EditProps = { project: Place; rule?: Protection; onClose(): void }
/** The project, by its name and its id. */
export type Place = { name: string; id: number }

/** Which tags are protected, from what, and who may do it all the same. */
export function EditProtection({ project, rule, onClose }: EditProps) {
  const [chosen, setChosen] = useState<Chosen>({
    actions: rule?.actions ?? ['overwrite', 'delete'],
    roles: rule?.roles.map(({ id }) => id) ?? [],
    robots: rule?.robots.map(({ id }) => id) ?? [],
  })
  return (
    <FormDialog
      title={rule ? words().edit : words().add}
      action={rule ? common().save : common().create}
      shape="wide"
      onClose={onClose}
      check={() => (chosen.actions.length === 0 ? { actions: words().noActions } : {})}
      fieldOf={fieldOf}
      submit={async (values) => {
        await save(project.name, rule, bodyOf(values, chosen))
        toast(words().saved((values['name'] ?? '').trim()))
      }}
    >
      <TextField
        name="name"
        label={words().name}
        hint={words().nameHint}
        value={rule?.name ?? ''}
        maxLength={64}
        isRequired
        autofocus
      />
      <div class="two-fields">
        <TextField name="tags" label={words().tags} hint={words().tagsHint} value={rule?.tags ?? 'v*'} isRequired />
        <TextField
          name="repositories"
          label={words().repositories}
          hint={words().repositoriesHint}
          value={rule?.repositories ?? '**'}
          isRequired
        />
      </div>
      <Boxes
        label={words().what}
        rows={protectedActions.map((id) => ({ id: id as string, name: words().actions[id] ?? id }))}
        chosen={chosen.actions}
        onChange={(actions) => setChosen({ ...chosen, actions })}
      />
      <FieldError name="actions" />
      <WhoMay project={project} chosen={chosen} onChange={setChosen} />
      <PreviewProtection project={project.name} chosen={chosen} />
    </FormDialog>
  )
}

async function save(project: string, rule: Protection | undefined, body: ReturnType<typeof bodyOf>): Promise<void> {
  const params = { project_name_or_id: project }
  try {
    if (rule) await send(updateTagProtection, { params: { ...params, tag_protection_id: rule.id }, body })
    else await send(createTagProtection, { params, body })
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 409) throw error
    throw new ApiError(409, error.code, words().nameTaken(body.name), error.requestId)
  }
  forgetProtections(project)
}

function fieldOf({ status, message }: ApiError): string | undefined {
  if (status === 409) return 'name'
  if (status !== 400) return undefined
  return ['name', 'tags', 'repositories'].find((one) => message.startsWith(one))
}

type WhoProps = { project: Place; chosen: Chosen; onChange(chosen: Chosen): void }

function WhoMay({ project, chosen, onChange }: WhoProps) {
  const query = { page_size: 100 }
  const roles = useApi(listProjectRoles, { params: { project_name_or_id: project.name }, query })
  const q = `${isQ('Level', 'project')},${isQ('ProjectID', String(project.id))}`
  const robots = useApi(listRobots, { query: { ...query, q } })
  return (
    <>
      <Boxes
        label={words().whoMay}
        rows={(roles.data ?? []).map((one) => ({ id: one.id, name: roleName(one) }))}
        chosen={chosen.roles}
        onChange={(next) => onChange({ ...chosen, roles: next })}
      />
      <Boxes
        label={words().robotsMay}
        rows={robots.data ?? []}
        chosen={chosen.robots}
        empty={words().noRobots}
        onChange={(next) => onChange({ ...chosen, robots: next })}
      />
    </>
  )
}
