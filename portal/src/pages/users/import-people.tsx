import { useId, useState } from 'preact/hooks'
import { importLdapUser, searchLdapUser } from '../../../../api/ldap.ts'
import type { AnswerOf } from '../../../../api/operation.ts'
import { common } from '../../i18n/common.ts'
import { useAction } from '../../lib/action.ts'
import { ApiError, send } from '../../lib/api.ts'
import { forget } from '../../lib/query.ts'
import { Boxes } from '../../ui/boxes.tsx'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Problem } from '../../ui/problem.tsx'
import { toast } from '../../ui/toasts.tsx'
import { words } from './words.ts'

type Person = AnswerOf<typeof searchLdapUser>[number]

/** So many of the people found are offered; others are found by their name. */
const most = 200

/** Finds people in the directory and makes accounts for them, before they sign in for the first time. */
export function ImportPeople({ onClose }: { onClose(): void }) {
  const [found, setFound] = useState<Person[] | undefined>(undefined)
  const [chosen, setChosen] = useState<string[]>([])
  const search = useAction(async (name: string) => {
    setFound(undefined)
    const { body } = await send(searchLdapUser, { query: name === '' ? {} : { username: name } })
    setFound(body)
    setChosen(body.length === 1 ? body.map(({ username }) => username) : [])
  })
  const importing = useAction(() => importAll(chosen))
  const run = async () => {
    if (chosen.length > 0 && (await importing.run())) onClose()
  }
  return (
    <Dialog
      title={words().importTitle}
      shape="wide"
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{common().cancel}</Button>
          <Button
            tone="main"
            isBusy={importing.isRunning}
            disabledBecause={chosen.length === 0 ? words().nobodyChosen : undefined}
            onClick={() => void run()}
          >
            {words().importAction(chosen.length)}
          </Button>
        </>
      }
    >
      <p class="tab-about">{words().importHint}</p>
      <SearchForm isBusy={search.isRunning} onSearch={(name) => void search.run(name)} />
      {search.error && <Problem error={search.error} />}
      <div class="below" role="status" aria-busy={search.isRunning}>
        {found && <Found people={found} chosen={chosen} onChange={setChosen} />}
      </div>
      {importing.error && <Problem error={importing.error} />}
    </Dialog>
  )
}

type FoundProps = { people: Person[]; chosen: string[]; onChange(chosen: string[]): void }

function Found({ people, chosen, onChange }: FoundProps) {
  if (people.length === 0) return <p>{words().nobodyFound}</p>
  const rows = people.slice(0, most).map((one) => ({ id: one.username, name: describe(one) }))
  return (
    <>
      <Boxes label={words().found(people.length)} rows={rows} chosen={chosen} onChange={onChange} />
      {people.length > most && <p class="quiet-text">{words().moreFound(most)}</p>}
    </>
  )
}

function SearchForm({ isBusy, onSearch }: { isBusy: boolean; onSearch(name: string): void }) {
  const id = useId()
  const [name, setName] = useState('')
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault()
        onSearch(name.trim())
      }}
    >
      <div class="field">
        <label for={id}>{words().directoryName}</label>
        <div class="search-row">
          <input
            id={id}
            autofocus
            autocomplete="off"
            spellcheck={false}
            aria-describedby={`${id}-hint`}
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
          <Button type="submit" icon="search" isBusy={isBusy}>
            {common().search}
          </Button>
        </div>
        <p id={`${id}-hint`} class="hint">
          {words().directoryNameHint}
        </p>
      </div>
    </form>
  )
}

const describe = ({ username, realname, email = '' }: Person): string => {
  const more = [realname, email].filter((one) => one !== '' && one !== username)
  return more.length === 0 ? username : `${username} (${more.join(', ')})`
}

/** Those that worked have their accounts, even when others failed: the error names the others. */
async function importAll(names: string[]): Promise<void> {
  const { status, body } = await send(importLdapUser, { body: { ldap_uid_list: names } })
  forget('/users')
  if (status === 404) {
    const failed = body.map(({ uid = '', error }) => `${uid}: ${words().importErrors[error] ?? error}`)
    throw new ApiError(404, undefined, words().importFailed(failed.join('; ')))
  }
  toast(words().imported(names.length))
}
