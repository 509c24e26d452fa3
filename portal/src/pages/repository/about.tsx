import { useState } from 'preact/hooks'
import { updateRepository } from '../../../../api/repositories.ts'
import { common } from '../../i18n/common.ts'
import { send } from '../../lib/api.ts'
import { forget } from '../../lib/query.ts'
import { Button } from '../../ui/button.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import { FormDialog } from '../../ui/form-dialog.tsx'
import { TextField } from '../../ui/form.tsx'
import { Markdown } from '../../ui/markdown.tsx'
import { toast } from '../../ui/toasts.tsx'
import type { InRepository } from './in-repository.ts'
import { words } from './words.ts'

/** What people wrote about the repository. */
export function About({ project, can, repository, name }: InRepository) {
  const [isEditing, setEditing] = useState(false)
  const edit = can('repository', 'update') && (
    <Button icon="edit" onClick={() => setEditing(true)}>
      {words().edit}
    </Button>
  )
  const { description } = repository
  return (
    <>
      {description.trim() === '' ? (
        <EmptyState icon="file" title={words().noDescription} action={edit} />
      ) : (
        <div class="card">
          <div class="row end">{edit}</div>
          <Markdown text={description} />
        </div>
      )}
      {isEditing && (
        <FormDialog
          title={words().edit}
          action={common().save}
          onClose={() => setEditing(false)}
          submit={async ({ description: text = '' }) => {
            const params = { project_name: project.name, repository_name: name }
            await send(updateRepository, { params, body: { description: text } })
            forget('/projects')
            toast(words().saved)
          }}
        >
          <TextField
            name="description"
            label={words().description}
            hint={words().editHint}
            value={description}
            rows={14}
          />
        </FormDialog>
      )}
    </>
  )
}
