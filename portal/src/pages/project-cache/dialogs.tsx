import { updateProject } from '../../../../api/projects.ts'
import { forgetProxyCache, refreshProxyCache } from '../../../../api/proxy-cache.ts'
import { common } from '../../i18n/common.ts'
import { send } from '../../lib/api.ts'
import { cacheMetadataOf } from '../../lib/cache-metadata.ts'
import { forget } from '../../lib/query.ts'
import { showBytes, showCount } from '../../lib/show.ts'
import { CacheFields, checkCache } from '../../ui/cache-fields.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { FormDialog } from '../../ui/form-dialog.tsx'
import { toast } from '../../ui/toasts.tsx'
import { forgetCache, imageOf, type CachedTag, type InCache } from './in-cache.ts'
import { words } from './words.ts'

type Closing = InCache & { onClose(): void }

/** Lets the next pull of every tag ask the registry. */
export function RefreshAll({ project, cache, onClose }: Closing) {
  return (
    <Confirm
      title={words().refreshTitle(project.name)}
      action={words().refreshAll}
      onClose={onClose}
      run={() => refresh(project.name, {})}
    >
      <p>{words().refreshHint(showCount(cache.tags))}</p>
    </Confirm>
  )
}

/** Lets the next pull ask the registry: for a tag, or for all. */
export async function refresh(project: string, which: { repository?: string; tag?: string }): Promise<void> {
  const { body } = await send(refreshProxyCache, { params: { project_name_or_id: project }, body: which })
  forgetCache(project)
  toast(words().refreshed(body.tags))
}

export async function forgetTag(project: string, { repository, tag }: CachedTag): Promise<void> {
  await send(forgetProxyCache, { params: { project_name_or_id: project }, query: { repository, tag } })
}

/** Says what goes before a tag is forgotten, and whether it can come back now. */
export function ForgetTag({ project, cache, row, onClose }: Closing & { row: CachedTag }) {
  const image = imageOf(row)
  return (
    <Confirm
      title={words().forgetTitle(image)}
      action={words().forget}
      onClose={onClose}
      run={async () => {
        await forgetTag(project.name, row)
        forgetCache(project.name)
        toast(words().forgotten(image))
      }}
    >
      <p>{words().forgetHint}</p>
      {row.size !== undefined && <p>{words().forgetBytes(showBytes(row.size))}</p>}
      {(cache.is_paused || cache.registry.status !== 'healthy') && <p class="note warn">{words().forgetWhileDown}</p>}
    </Confirm>
  )
}

/** Changes how the project caches. */
export function Settings({ project, onClose }: Closing) {
  return (
    <FormDialog
      title={words().settingsOf(project.name)}
      action={common().save}
      shape="wide"
      onClose={onClose}
      check={checkCache}
      submit={async (values) => {
        await send(updateProject, {
          params: { project_name_or_id: project.name },
          body: { metadata: cacheMetadataOf(values) },
        })
        forget(`/projects/${project.name}`)
        toast(words().settingsSaved)
      }}
    >
      <CacheFields metadata={project.metadata} />
    </FormDialog>
  )
}
