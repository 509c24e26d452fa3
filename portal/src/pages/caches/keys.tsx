import { useEffect, useState } from 'preact/hooks'
import { forgetCacheKey, getCacheKey, listCacheKeys } from '../../../../api/cache.ts'
import type { AnswerOf } from '../../../../api/operation.ts'
import { common } from '../../i18n/common.ts'
import { send } from '../../lib/api.ts'
import { changeQuery } from '../../lib/location.ts'
import { forget, useApi } from '../../lib/query.ts'
import { attempt } from '../../ui/attempt.ts'
import { Button } from '../../ui/button.tsx'
import { CodeView } from '../../ui/code.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { PlainTable } from '../../ui/plain-table.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import { toast } from '../../ui/toasts.tsx'
import { words } from './words.ts'

/** How long typing must pause before the list follows, in ms. */
const pauseMs = 250

/** The keys of a kind, the value of one, and a way to forget it. */
export function KeysDrawer({ kind, mayNot }: { kind: string; mayNot: string | undefined }) {
  const [typed, setTyped] = useState('')
  const [beginning, setBeginning] = useState('')
  const [chosen, setChosen] = useState<string | undefined>(undefined)
  useEffect(() => {
    const timer = setTimeout(() => setBeginning(typed), pauseMs)
    return () => clearTimeout(timer)
  }, [typed])
  const found = useApi(listCacheKeys, {
    params: { resource: kind },
    query: { limit: 100, ...(beginning !== '' && { beginning }) },
  })
  return (
    <Dialog title={words().keysOf(kind)} shape="drawer" onClose={() => changeQuery({ kind: undefined })}>
      <div class="stack">
        <input
          type="search"
          aria-label={words().filter}
          placeholder={words().filter}
          value={typed}
          spellcheck={false}
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
        {found.error && !found.data && <ErrorState error={found.error} onRetry={found.refresh} />}
        {found.data?.redis === 'unhealthy' && <p class="note warn">{words().redisSilent}</p>}
        {chosen !== undefined && <Value kind={kind} name={chosen} />}
        {found.data && <Keys kind={kind} keys={found.data.keys} mayNot={mayNot} look={setChosen} />}
        {found.data?.is_cut === true && <p class="quiet-text">{words().cut}</p>}
      </div>
    </Dialog>
  )
}

type KeysProps = {
  kind: string
  keys: AnswerOf<typeof listCacheKeys>['keys']
  mayNot: string | undefined
  look(key: string | undefined): void
}

function Keys({ kind, keys, mayNot, look }: KeysProps) {
  const forgetOne = async (key: string) => {
    await send(forgetCacheKey, { params: { resource: kind }, query: { key } })
    look(undefined)
    forget('/system/cache')
    toast(words().flushed)
  }
  return (
    <PlainTable
      label={words().keysOf(kind)}
      rows={keys}
      keyOf={({ key }) => key}
      columns={[
        {
          name: 'key',
          title: words().key,
          cell: ({ key }) => (
            <button type="button" class="link-button" onClick={() => look(key)}>
              <code>{key}</code>
            </button>
          ),
        },
        {
          name: 'layers',
          title: words().layer,
          hideBelow: 'small',
          cell: ({ layers }) => layers.map((one) => words().layers[one] ?? one).join(', '),
        },
        {
          name: 'forget',
          title: common().actions,
          isNumber: true,
          cell: ({ key }) => (
            <Button
              class="small"
              disabledBecause={mayNot}
              aria-label={words().forgetKey(key)}
              onClick={() => attempt(() => forgetOne(key))}
            >
              {words().forget}
            </Button>
          ),
        },
      ]}
      empty={<p class="quiet-text">{words().noKey}</p>}
    />
  )
}

function Value({ kind, name }: { kind: string; name: string }) {
  const { data, error, refresh } = useApi(getCacheKey, { params: { resource: kind }, query: { key: name } })
  if (error) return <ErrorState error={error} onRetry={refresh} />
  const text = data?.memory.find(({ value }) => value !== undefined)?.value
  if (!data) return null
  return text === undefined ? (
    <p class="note info">{words().secret}</p>
  ) : (
    <CodeView text={pretty(text)} label={words().value(name)} />
  )
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}
