import { useState } from 'preact/hooks'
import { exportScanData } from '../../../../api/cve-exports.ts'
import { exportArtifacts } from '../../../../api/exports.ts'
import { getProject } from '../../../../api/projects.ts'
import { ApiError, send } from '../../lib/api.ts'
import { forget } from '../../lib/query.ts'
import { canInSystem } from '../../lib/session.ts'
import { RadioCards } from '../../ui/choices.tsx'
import { TextField, type Values } from '../../ui/form.tsx'
import { FormDialog } from '../../ui/form-dialog.tsx'
import { toast } from '../../ui/toasts.tsx'
import { words } from './words.ts'

export type Kind = 'artifacts' | 'cves'

/** Asks what a new report is to list, and has it written. */
export function NewReport({ onClose }: { onClose(): void }) {
  const mayAll = canInSystem('catalog', 'read')
  const [kind, setKind] = useState<Kind>(mayAll ? 'artifacts' : 'cves')
  return (
    <FormDialog
      title={words().create}
      action={words().start}
      onClose={onClose}
      fieldOf={({ status }) => (status === 404 ? 'projects' : undefined)}
      submit={async (values) => {
        await (kind === 'artifacts' ? askForArtifacts(values) : askForCves(values))
        forget('/export')
        toast(words().asked)
      }}
    >
      {mayAll && (
        <RadioCards
          name="kind"
          label={words().kind}
          value={kind}
          options={(['artifacts', 'cves'] as const).map((value) => ({
            value,
            label: words().kinds[value],
            hint: words().kindHints[value],
          }))}
          onPick={(one) => setKind(one)}
        />
      )}
      {kind === 'artifacts' ? <ArtifactFields /> : <CveFields />}
    </FormDialog>
  )
}

function ArtifactFields() {
  return (
    <>
      <p class="hint">{words().createHint}</p>
      <TextField name="projects" label={words().projects} hint={words().projectsHint} />
    </>
  )
}

function CveFields() {
  return (
    <>
      <TextField name="projects" label={words().project} isRequired />
      <TextField name="repositories" label={words().repositories} hint={words().repositoriesHint} maxLength={1024} />
      <TextField name="tags" label={words().tags} hint={words().tagsHint} maxLength={1024} />
      <TextField name="cves" label={words().cves} hint={words().cvesHint} maxLength={1024} />
    </>
  )
}

async function askForArtifacts({ projects = '' }: Values): Promise<void> {
  const names = projects.split(/[\s,]+/).filter((one) => one !== '')
  const ids = await Promise.all(names.map(idOf))
  await send(exportArtifacts, { body: ids.length === 0 ? {} : { projects: ids } })
}

async function askForCves({ projects = '', repositories = '', tags = '', cves = '' }: Values): Promise<void> {
  const id = await idOf(projects.trim())
  const filter = { repositories: repositories.trim(), tags: tags.trim(), cveIds: cves.replaceAll(/\s+/g, '') }
  await send(exportScanData, { body: { job_name: `portal-${id}`, projects: [id], ...filter } })
}

/** The id of a project by its name; an error that names it where there is none. */
async function idOf(name: string): Promise<number> {
  try {
    return (await send(getProject, { params: { project_name_or_id: name } })).body.project_id
  } catch (error) {
    // As in Harbor, a private project that one may not see is 403.
    if (error instanceof ApiError && (error.status === 404 || error.status === 403))
      throw new ApiError(404, error.code, words().noProject(name), error.requestId)
    throw error
  }
}
