import { useId, useState } from 'preact/hooks'
import { createProject } from '../../../../api/projects.ts'
import { common } from '../../i18n/common.ts'
import { ApiError, send } from '../../lib/api.ts'
import { forget } from '../../lib/query.ts'
import { canInSystem } from '../../lib/session.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { CheckField, Form, TextField, type FieldErrors, type Values } from '../../ui/form.tsx'
import { toast } from '../../ui/toasts.tsx'
import { words } from './words.ts'

const nameRule = /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/
const gibibyte = 1024 ** 3

/** Asks for the name of a new project, and makes it. */
export function NewProject({ onClose }: { onClose(): void }) {
  const id = useId()
  const [isBusy, setBusy] = useState(false)
  const maySetLimit = canInSystem('quota', 'update')
  return (
    <Dialog
      title={words().create}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{common().cancel}</Button>
          <Button tone="main" type="submit" form={id} isBusy={isBusy}>
            {common().create}
          </Button>
        </>
      }
    >
      <Form
        id={id}
        onBusy={setBusy}
        check={check}
        submit={async (values) => {
          await create(values)
          onClose()
        }}
        fieldOf={({ status }) => (status === 409 || status === 400 ? 'name' : undefined)}
      >
        <TextField name="name" label={words().name} hint={words().nameHint} isRequired autofocus maxLength={255} />
        {maySetLimit && (
          <TextField name="limit" label={words().limit} hint={words().limitHint} type="number" min={0} step="any" />
        )}
        <CheckField name="public" label={words().public} hint={words().publicHint} />
      </Form>
    </Dialog>
  )
}

function check({ name = '', limit = '' }: Values): FieldErrors {
  return {
    ...(name !== '' && !nameRule.test(name) ? { name: words().nameBad } : {}),
    ...(limit !== '' && !(Number(limit) > 0) ? { limit: words().limitBad } : {}),
  }
}

async function create({ name = '', limit = '', public: isPublic }: Values): Promise<void> {
  const bytes = limit === '' ? {} : { storage_limit: Math.round(Number(limit) * gibibyte) }
  try {
    await send(createProject, {
      body: { project_name: name, metadata: { public: String(isPublic === 'on') }, ...bytes },
    })
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 409) throw error
    throw new ApiError(409, error.code, words().nameTaken(name), error.requestId)
  }
  forget('/projects', '/statistics')
  toast(words().made(name))
}
