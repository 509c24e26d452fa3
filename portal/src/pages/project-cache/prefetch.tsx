import { getProxyCachePrefetch, prefetchProxyCache } from '../../../../api/proxy-cache.ts'
import { send } from '../../lib/api.ts'
import { changeQuery } from '../../lib/location.ts'
import { useApi } from '../../lib/query.ts'
import { showCount } from '../../lib/show.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { TextField, type FieldErrors, type Values } from '../../ui/form.tsx'
import { FormDialog } from '../../ui/form-dialog.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import { isGoingOn, Progress, RunState } from '../../ui/run.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { forgetCache, type InCache } from './in-cache.ts'
import { words } from './words.ts'

/** The most images that the API takes at once. */
const mostImages = 1000
/** How often a prefetch is asked how far it is, in ms. */
const progressMs = 1500

const listOf = (text: string): string[] => text.split(/[\s,]+/).filter((one) => one !== '')

function check({ images = '' }: Values): FieldErrors {
  const all = listOf(images)
  if (all.length === 0) return { images: words().imagesMissing }
  if (all.length > mostImages) return { images: words().imagesMany }
  const bad = all.find((one) => !/^[a-z0-9][\w./-]*(?::[\w.-]+)?(?:@[a-z0-9]+:[0-9a-f]+)?$/.test(one))
  return bad === undefined ? {} : { images: words().imagesBad(bad) }
}

/** Asks for a list of images, and shows how the fetch goes on. */
export function NewPrefetch({ project, onClose }: InCache & { onClose(): void }) {
  return (
    <FormDialog
      title={words().prefetchTitle}
      action={words().start}
      onClose={onClose}
      check={check}
      fieldOf={({ status }) => (status === 400 ? 'images' : undefined)}
      submit={async ({ images = '', platforms = '' }) => {
        const wanted = listOf(platforms)
        const { headers } = await send(prefetchProxyCache, {
          params: { project_name_or_id: project.name },
          body: { images: listOf(images), ...(wanted.length === 0 ? {} : { platforms: wanted }) },
        })
        const id = headers.get('location')?.split('/').at(-1)
        changeQuery({ prefetch: id }, { replace: false })
      }}
    >
      <TextField name="images" label={words().images} hint={words().imagesHint} rows={6} autofocus />
      <TextField name="platforms" label={words().platforms} hint={words().platformsHint} />
    </FormDialog>
  )
}

/** How far a prefetch is, and what it could not fetch. */
export function PrefetchDrawer({ project, id }: InCache & { id: number }) {
  const params = { project_name_or_id: project.name, prefetch_id: id }
  const found = useApi(getProxyCachePrefetch, { params }, { everyMs: progressMs })
  const { data, error } = found
  const isRunning = isGoingOn(data?.status)
  const close = () => {
    changeQuery({ prefetch: undefined })
    forgetCache(project.name)
  }
  return (
    <Dialog title={words().prefetchOf(String(id))} shape="drawer" onClose={close}>
      {error && !data && <ErrorState error={error} onRetry={found.refresh} />}
      {data && (
        <>
          <Progress
            label={words().prefetchProgress}
            done={data.done + data.failed.length}
            whole={data.images}
            text={words().ofImages(showCount(data.done), showCount(data.images))}
          />
          <dl class="facts">
            <dt>{words().state}</dt>
            <dd>
              <RunState state={data.status} /> {isRunning ? words().goesOn : data.message}
            </dd>
            <dt>{words().began}</dt>
            <dd>
              <TimeAgo at={data.start_time} />
            </dd>
            {data.end_time !== undefined && (
              <>
                <dt>{words().ended}</dt>
                <dd>
                  <TimeAgo at={data.end_time} />
                </dd>
              </>
            )}
          </dl>
          {data.failed.length > 0 && <Failed images={data.failed} />}
        </>
      )}
    </Dialog>
  )
}

function Failed({ images }: { images: { image: string; reason: string }[] }) {
  return (
    <>
      <h3>{words().failed}</h3>
      <ul class="names">
        {images.map(({ image, reason }) => (
          <li key={image}>
            <strong>{image}</strong>: {reason}
          </li>
        ))}
      </ul>
    </>
  )
}
