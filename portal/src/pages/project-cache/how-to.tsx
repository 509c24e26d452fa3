import { useState } from 'preact/hooks'
import { listProxyCacheTags } from '../../../../api/proxy-cache.ts'
import { useApi } from '../../lib/query.ts'
import { registryHost, user } from '../../lib/session.ts'
import { recall, remember } from '../../lib/storage.ts'
import { CodeView } from '../../ui/code.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Select } from '../../ui/select.tsx'
import { clients, guideFor, upstreamOf, type Client } from './clients.ts'
import { imageOf, type InCache } from './in-cache.ts'
import { words } from './words.ts'

/** What to type or to write into a client's settings to pull through the cache. */
export function Guide({ project, cache, address }: InCache) {
  const [client, setClient] = useState<Client>(clients.find((one) => one === recall('cache-client')) ?? 'docker')
  const params = { project_name_or_id: project.name }
  const { data: known } = useApi(listProxyCacheTags, { params, query: { page_size: 1 } })
  const image = known?.[0] ? imageOf(known[0]) : cache.registry.type === 'docker-hub' ? 'nginx:1.27' : 'team/app:1.0'
  const host = registryHost.value
  const through = {
    url: `${location.protocol}//${host}`,
    host,
    project: project.name,
    upstream: upstreamOf(cache.registry.type, address),
    image,
  }
  const { path, text } = guideFor(client, through)
  const isPrivate = project.metadata.public !== 'true'
  return (
    <section class="card pull" aria-label={words().howTo}>
      <div class="row">
        <h3>{words().howTo}</h3>
        <Select
          aria-label={words().tool}
          value={client}
          options={clients.map((value) => ({ value, label: words().tools[value] }))}
          onPick={(one) => {
            remember('cache-client', one)
            setClient(one)
          }}
        />
      </div>
      <p class="quiet-text">{path === undefined ? words().byHand : words().file(path)}</p>
      <CodeView label={words().tools[client]} text={text} />
      {client === 'docker' && <p class="quiet-text below">{words().dockerHint}</p>}
      {isPrivate && (
        <>
          <p class="quiet-text below">{words().privateHint}</p>
          <CodeView label="docker login" text={loginOf(host)} />
        </>
      )}
    </section>
  )
}

const loginOf = (host: string): string => `docker login ${host} --username ${user.value?.username ?? '…'}`

/** The same in a dialog. */
export function HowTo({ onClose, ...here }: InCache & { onClose(): void }) {
  return (
    <Dialog title={words().howToTitle(here.project.name)} shape="wide" onClose={onClose}>
      <p>{words().howToHint}</p>
      <Guide {...here} />
    </Dialog>
  )
}
