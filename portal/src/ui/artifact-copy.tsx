import { copyArtifact } from '../../../api/artifacts.ts'
import { listProjects } from '../../../api/projects.ts'
import { artifactWords } from '../i18n/artifact.ts'
import { send } from '../lib/api.ts'
import { forgetArtifacts, type TargetProps } from './artifact-target.ts'
import { Combobox, type Option } from './combobox.tsx'
import { FormDialog } from './form-dialog.tsx'
import { Field, TextField } from './form.tsx'
import { toast } from './toasts.tsx'

/** Copies an artifact to another repository. */
export function CopyArtifact({ target, onClose }: TargetProps) {
  const words = artifactWords()
  const { project, repository, digest, tag } = target
  const from = `${project}/${repository}${tag === undefined ? `@${digest}` : `:${tag}`}`
  return (
    <FormDialog
      title={words.copyTitle(tag === undefined ? repository : `${repository}:${tag}`)}
      action={words.copyAction}
      onClose={onClose}
      submit={async (values) => {
        const to = { project_name: values['project'] ?? '', repository_name: values['repository'] ?? '' }
        await send(copyArtifact, { params: to, query: { from } })
        forgetArtifacts()
        toast(words.copied(`${to.project_name}/${to.repository_name}`))
      }}
      fieldOf={({ status }) => (status === 403 || status === 404 ? 'project' : undefined)}
    >
      <p>{words.copyHint}</p>
      <Field name="project" label={words.copyProject} isRequired>
        {(tie) => <Combobox tie={tie} label={words.copyProject} find={findProjects} onPick={() => {}} autofocus />}
      </Field>
      <TextField
        name="repository"
        label={words.copyRepository}
        hint={words.copyRepositoryHint}
        value={repository}
        isRequired
      />
    </FormDialog>
  )
}

async function findProjects(text: string, signal: AbortSignal): Promise<Option[]> {
  const query = { name: text.trim(), page_size: 10, with_detail: false, sort: 'name' }
  const { body } = await send(listProjects, { query }, { signal })
  return body.map(({ name }) => ({ value: name, label: name }))
}
