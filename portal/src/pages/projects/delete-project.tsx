import { deleteProject, getProjectDeletable } from '../../../../api/projects.ts'
import { send } from '../../lib/api.ts'
import { forget, useApi } from '../../lib/query.ts'
import { Confirm } from '../../ui/confirm.tsx'
import { toast } from '../../ui/toasts.tsx'
import { words } from './words.ts'

/** Asks before a project goes; the server says first whether it could. */
export function DeleteProject({ project: { name }, onClose }: { project: { name: string }; onClose(): void }) {
  const params = { project_name_or_id: name }
  const { data } = useApi(getProjectDeletable, { params })
  return (
    <Confirm
      title={words().deleteTitle(name)}
      action={words().deleteAction}
      typed={name}
      refusedBecause={data?.deletable === false ? words().holds : undefined}
      onClose={onClose}
      run={async () => {
        await send(deleteProject, { params })
        forget('/projects', '/statistics')
        toast(words().gone(name))
      }}
    >
      <p>{words().deleteHint}</p>
    </Confirm>
  )
}
