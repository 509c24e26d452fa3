import { deleteProject, getProjectDeletable } from '../../../api/projects.ts'
import { projectWords } from '../i18n/project.ts'
import { send } from '../lib/api.ts'
import { forget, useApi } from '../lib/query.ts'
import { Confirm } from './confirm.tsx'
import { toast } from './toasts.tsx'

type DeleteProps = {
  name: string
  /** After it is gone: a page of the project leads away. */
  onGone?(): void
  onClose(): void
}

/** Asks before a project goes; the server says first whether it could. */
export function DeleteProject({ name, onGone, onClose }: DeleteProps) {
  const words = projectWords()
  const params = { project_name_or_id: name }
  const { data } = useApi(getProjectDeletable, { params })
  return (
    <Confirm
      title={words.deleteTitle(name)}
      action={words.deleteAction}
      typed={name}
      refusedBecause={data?.deletable === false ? words.holds : undefined}
      onClose={onClose}
      run={async () => {
        await send(deleteProject, { params })
        onGone?.()
        // Once this dialog is closed, which would ask whether the project that is gone can be deleted.
        setTimeout(() => forget('/projects', '/statistics', '/system/proxy-caches'))
        toast(words.gone(name))
      }}
    >
      <p>{words.deleteHint}</p>
    </Confirm>
  )
}
