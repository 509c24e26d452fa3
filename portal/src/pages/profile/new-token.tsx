import { useState } from 'preact/hooks'
import type { BodyOf } from '../../../../api/operation.ts'
import { createToken } from '../../../../api/tokens.ts'
import { getCurrentUserPermissions } from '../../../../api/users.ts'
import { common } from '../../i18n/common.ts'
import { ApiError, send } from '../../lib/api.ts'
import { blocksOf, ofMembers, presets, type Draft } from '../../lib/permissions.ts'
import { useApi } from '../../lib/query.ts'
import { isAdministrator } from '../../lib/session.ts'
import { RadioCards, SelectField } from '../../ui/choices.tsx'
import { FormDialog } from '../../ui/form-dialog.tsx'
import { FieldError, TextField, type FieldErrors, type Values } from '../../ui/form.tsx'
import { ProjectPicker } from '../../ui/project-picker.tsx'
import { RightsChoice, RightsTable } from '../../ui/rights-table.tsx'
import { words } from './words.ts'

const scopes = ['all', 'push', 'pull', 'custom'] as const
type Scope = (typeof scopes)[number]

/** Days until a token expires; -1 is never. The server takes up to ten years. */
const lifetimes = [7, 30, 90, 365, -1]
const longestDays = 3650

/** A token that was just made. `project`: one in which it may do something. */
export type MadeToken = { label: string; secret: string; project: string | undefined }

/** Asks what a token is called, what it may do and how long, and makes it. */
export function NewToken({ onClose, onMade }: { onClose(): void; onMade(token: MadeToken): void }) {
  const [scope, setScope] = useState<Scope>('push')
  const [draft, setDraft] = useState<Draft>({ places: [], rights: presets.push, systemRights: [] })
  const [isEverywhere, setEverywhere] = useState(false)
  const [isOwnTime, setOwnTime] = useState(false)
  const wanted = { ...draft, places: isEverywhere ? ['*'] : draft.places }
  return (
    <FormDialog
      title={words().newToken}
      action={common().create}
      shape="wide"
      onClose={onClose}
      check={(values) => problemsOf(values, scope, wanted, isOwnTime)}
      fieldOf={({ status }) => (status === 409 ? 'name' : undefined)}
      submit={async ({ name = '', days = '', ownDays = '' }) => {
        const held = scope === 'all' ? {} : { permissions: blocksOf(wanted) }
        const secret = await make({ name: name.trim(), duration: Number(isOwnTime ? ownDays : days), ...held })
        onMade({ label: name.trim(), secret, project: scope === 'all' ? undefined : wanted.places[0] })
      }}
    >
      <TextField
        name="name"
        label={words().tokenName}
        hint={words().tokenNameHint}
        maxLength={64}
        isRequired
        autofocus
      />
      <ScopeChoice
        scope={scope}
        onPick={(one) => {
          setScope(one)
          if (one === 'push' || one === 'pull') setDraft({ ...draft, rights: presets[one], systemRights: [] })
        }}
      />
      {scope !== 'all' && (
        <Places
          isEverywhere={isEverywhere}
          onEverywhere={setEverywhere}
          places={draft.places}
          onChange={(places) => setDraft({ ...draft, places })}
        />
      )}
      <FieldError name="places" />
      {scope === 'custom' && <OwnRights draft={wanted} onChange={(part) => setDraft({ ...draft, ...part })} />}
      <FieldError name="rights" />
      <Lifetime isOwn={isOwnTime} onOwn={setOwnTime} />
    </FormDialog>
  )
}

function ScopeChoice({ scope, onPick }: { scope: Scope; onPick(scope: Scope): void }) {
  const options = scopes.map((one) => ({ value: one, label: words().scopes[one], hint: words().scopeHints[one] }))
  return <RadioCards name="scope" label={words().tokenMay} value={scope} options={options} onPick={onPick} />
}

type PlacesProps = {
  isEverywhere: boolean
  onEverywhere(isEverywhere: boolean): void
  places: readonly string[]
  onChange(places: string[]): void
}

/** Where it holds: in all projects, or in those that are picked. */
function Places({ isEverywhere, onEverywhere, places, onChange }: PlacesProps) {
  return (
    <>
      <RadioCards
        name="where"
        label={words().tokenWhere}
        value={isEverywhere ? 'all' : 'chosen'}
        options={[
          { value: 'chosen', label: words().chosen },
          { value: 'all', label: words().everywhere, hint: words().everywhereHint },
        ]}
        onPick={(one) => onEverywhere(one === 'all')}
      />
      {!isEverywhere && <ProjectPicker places={places} onChange={onChange} />}
    </>
  )
}

type RightsProps = { draft: Draft; onChange(part: Pick<Draft, 'rights'> | Pick<Draft, 'systemRights'>): void }

/** Each right by itself: for administrators all that there are, for others those that they have. */
function OwnRights({ draft, onChange }: RightsProps) {
  const choice = {
    label: words().inProjects,
    rights: draft.rights,
    onChange: (rights: string[]) => onChange({ rights }),
  }
  const place = draft.places.find((one) => one !== '*')
  const isAsked = place !== undefined && !isAdministrator.value
  const query = { scope: `/project/${place}`, relative: true }
  const held = useApi(getCurrentUserPermissions, { query }, { isOn: isAsked })
  if (!isAdministrator.value) {
    const own = held.data?.map((one) => `${one.resource === '.' ? 'project' : one.resource}:${one.action}`)
    return <RightsChoice {...choice} all={isAsked ? own : ofMembers} />
  }
  return (
    <>
      <RightsTable kind="project" {...choice} />
      <RightsTable
        kind="system"
        label={words().onSystem}
        rights={draft.systemRights}
        onChange={(systemRights) => onChange({ systemRights })}
      />
    </>
  )
}

function Lifetime({ isOwn, onOwn }: { isOwn: boolean; onOwn(isOwn: boolean): void }) {
  return (
    <div class="two-fields">
      <SelectField
        name="days"
        label={words().lifetime}
        value="90"
        options={[
          ...lifetimes.map((one) => ({ value: String(one), label: one < 0 ? words().forEver : words().days(one) })),
          { value: 'own', label: words().ownDays },
        ]}
        onPick={(one) => onOwn(one === 'own')}
      />
      {isOwn && (
        <TextField
          name="ownDays"
          type="number"
          label={words().daysField}
          hint={words().daysHint}
          min={1}
          max={longestDays}
          value="180"
          isRequired
        />
      )}
    </div>
  )
}

function problemsOf({ name = '', ownDays = '' }: Values, scope: Scope, draft: Draft, isOwnTime: boolean): FieldErrors {
  const isDays = Number.isInteger(Number(ownDays)) && Number(ownDays) >= 1 && Number(ownDays) <= longestDays
  const hasRights = draft.rights.length + draft.systemRights.length > 0
  return {
    ...(name.trim() === '' ? { name: words().nameMissing } : {}),
    ...(isOwnTime && !isDays ? { ownDays: words().daysBad } : {}),
    ...(scope !== 'all' && !hasRights ? { rights: words().noRights } : {}),
    ...(scope !== 'all' && draft.rights.length > 0 && draft.places.length === 0 ? { places: words().noPlace } : {}),
  }
}

/** Makes a token and returns its secret; a name that is taken is told in the reader's language. */
async function make(body: BodyOf<typeof createToken>): Promise<string> {
  try {
    return (await send(createToken, { body })).body.secret
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 409) throw error
    throw new ApiError(409, error.code, words().nameTaken(body.name), error.requestId)
  }
}
