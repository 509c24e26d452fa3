import { useState } from 'preact/hooks'
import {
  createProjectWorkloadRule,
  createWorkloadRule,
  updateProjectWorkloadRule,
  updateWorkloadRule,
} from '../../../../api/workloads.ts'
import { common } from '../../i18n/common.ts'
import { ApiError, send } from '../../lib/api.ts'
import { blocksOf, draftOf, type Draft } from '../../lib/permissions.ts'
import { RadioCards } from '../../ui/choices.tsx'
import { FormDialog } from '../../ui/form-dialog.tsx'
import { CheckField, FieldError, TextField, type FieldErrors, type Values } from '../../ui/form.tsx'
import { ProjectPicker } from '../../ui/project-picker.tsx'
import { RightsTable } from '../../ui/rights-table.tsx'
import { toast } from '../../ui/toasts.tsx'
import { ClaimLines } from './claim-lines.tsx'
import {
  claimsOf,
  draftOfClaim,
  forgetRules,
  textsOf,
  vendorNames,
  vendors,
  type ClaimDraft,
  type Owner,
  type Rule,
  type Vendor,
} from './rule.ts'
import { words } from './words.ts'

type Body = ReturnType<typeof textsOf> & Pick<Rule, 'claims' | 'permissions'> & { disable?: boolean }

/** Makes a rule, or replaces one. */
export async function saveRule(owner: Owner, body: Omit<Body, 'permissions'> & Pick<Rule, 'permissions'>, rule?: Rule) {
  const project = owner === undefined ? undefined : { project_name_or_id: owner }
  const { name, description, issuer, audience, repositories, duration, one_use, jwks, claims, permissions } = body
  const wanted = {
    name,
    description,
    issuer,
    audience,
    repositories,
    duration,
    one_use,
    claims,
    permissions,
    ...(jwks === undefined ? {} : { jwks }),
    disable: body.disable ?? false,
  }
  if (rule) {
    const params = { rule_id: rule.id }
    if (project) await send(updateProjectWorkloadRule, { params: { ...params, ...project }, body: wanted })
    else await send(updateWorkloadRule, { params, body: wanted })
  } else if (project) await send(createProjectWorkloadRule, { params: project, body: wanted })
  else await send(createWorkloadRule, { body: wanted })
  forgetRules(owner)
}

type EditProps = { owner: Owner; rule?: Rule; vendor: Vendor; onClose(): void }

/** Whose tokens are trusted, and what they may do. */
export function EditRule({ owner, rule, vendor: first, onClose }: EditProps) {
  const [vendor, setVendor] = useState(first)
  const [claims, setClaims] = useState<readonly ClaimDraft[]>(
    () => rule?.claims.map(draftOfClaim) ?? vendors[first].claims,
  )
  const [draft, setDraft] = useState(() => begin(owner, rule))
  const pick = (one: Vendor) => {
    setVendor(one)
    setClaims(vendors[one].claims)
  }
  return (
    <FormDialog
      title={rule ? words().editTitle(rule.name) : words().add}
      action={rule ? common().save : common().create}
      shape="wide"
      onClose={onClose}
      check={(values) => problemsOf(values, claims, draft)}
      fieldOf={fieldOf}
      submit={async (values) => {
        const body = { ...textsOf(values), claims: claimsOf(claims), permissions: permissionsOf(draft, rule) }
        await saveRule(owner, { ...body, disable: rule?.disable ?? false }, rule).catch((error: unknown) => {
          throw explain(error, body.name)
        })
        toast(words().saved(body.name))
      }}
    >
      {!rule && <VendorChoice vendor={vendor} onPick={pick} />}
      <NameFields rule={rule} vendor={vendor} />
      <ClaimLines claims={claims} onChange={setClaims} />
      <FieldError name="claims" />
      <RightFields
        owner={owner}
        draft={draft}
        onChange={setDraft}
        isMixed={rule !== undefined && !draftOf(rule.permissions)}
      />
      <FieldError name="rights" />
      <BoundFields rule={rule} />
    </FormDialog>
  )
}

function VendorChoice({ vendor, onPick }: { vendor: Vendor; onPick(vendor: Vendor): void }) {
  const options = vendorNames.map((one) => ({
    value: one,
    label: words().vendors[one].name,
    hint: words().vendors[one].hint,
  }))
  return <RadioCards name="vendor" label={words().vendor} value={vendor} options={options} onPick={onPick} />
}

/** Where and for how long it holds. */
function BoundFields({ rule }: { rule: Rule | undefined }) {
  return (
    <>
      <TextField
        name="repositories"
        label={words().repositories}
        hint={words().repositoriesHint}
        value={rule?.repositories.join('\n') ?? ''}
        rows={2}
      />
      <TextField
        name="minutes"
        type="number"
        label={words().minutes}
        hint={words().minutesHint}
        min={1}
        value={String((rule?.duration ?? 3600) / 60)}
        step="any"
        isRequired
      />
      <CheckField name="once" label={words().once} hint={words().onceHint} isOn={rule?.one_use ?? false} />
      <details class="fold" open={rule?.jwks !== undefined}>
        <summary>{words().offline}</summary>
        <TextField name="jwks" label={words().jwks} hint={words().jwksHint} value={rule?.jwks ?? ''} rows={4} />
      </details>
    </>
  )
}

/** The fields begin anew with the issuer of each vendor. */
function NameFields({ rule, vendor }: { rule: Rule | undefined; vendor: Vendor }) {
  return (
    <>
      <div class="two-fields">
        <TextField name="name" label={words().name} value={rule?.name ?? ''} maxLength={64} isRequired />
        <TextField name="description" label={words().description} value={rule?.description ?? ''} maxLength={255} />
      </div>
      <div class="two-fields">
        <TextField
          key={vendor}
          name="issuer"
          label={words().issuer}
          hint={words().issuerHint}
          value={rule?.issuer ?? vendors[vendor].issuer}
          isRequired
        />
        <TextField
          name="audience"
          label={words().audience}
          hint={words().audienceHint}
          value={rule?.audience ?? location.host}
          isRequired
        />
      </div>
    </>
  )
}

/** What most rules give; where patterns of repositories stand, nothing else can be given. */
const simple = { push: ['repository:pull', 'repository:push'], pull: ['repository:pull'] }

function purposeOf(rights: readonly string[]): 'push' | 'pull' | 'custom' {
  const isSame = (all: string[]) => all.length === rights.length && all.every((one) => rights.includes(one))
  return isSame(simple.push) ? 'push' : isSame(simple.pull) ? 'pull' : 'custom'
}

type RightProps = { owner: Owner; draft: Draft; isMixed: boolean; onChange(draft: Draft): void }

function RightFields({ owner, draft, isMixed, onChange }: RightProps) {
  const [isCustom, setCustom] = useState(() => purposeOf(draft.rights) === 'custom')
  if (isMixed) return <p class="quiet-text">{words().mixed}</p>
  const isEverywhere = draft.places.includes('*')
  return (
    <>
      <RadioCards
        name="rights"
        label={words().mayWhat}
        value={isCustom ? 'custom' : purposeOf(draft.rights)}
        options={(['push', 'pull', 'custom'] as const).map((one) => ({ value: one, label: words().purposes[one] }))}
        onPick={(one) => {
          setCustom(one === 'custom')
          if (one !== 'custom') onChange({ ...draft, rights: simple[one] })
        }}
      />
      {isCustom && (
        <RightsTable
          kind="project"
          label={words().rights}
          rights={draft.rights}
          onChange={(rights) => onChange({ ...draft, rights })}
        />
      )}
      {owner === undefined && (
        <RadioCards
          name="where"
          label={words().where}
          value={isEverywhere ? 'all' : 'chosen'}
          options={[
            { value: 'chosen', label: words().chosen },
            { value: 'all', label: words().everywhere },
          ]}
          onPick={(one) => onChange({ ...draft, places: one === 'all' ? ['*'] : [] })}
        />
      )}
      {owner === undefined && !isEverywhere && (
        <ProjectPicker places={draft.places} onChange={(places) => onChange({ ...draft, places })} />
      )}
    </>
  )
}

const begin = (owner: Owner, rule: Rule | undefined): Draft =>
  (rule && draftOf(rule.permissions)) ?? {
    places: owner === undefined ? [] : [owner],
    rights: simple.push,
    systemRights: [],
  }

/** Rights that differ between projects cannot be shown here, and stay. */
const permissionsOf = (draft: Draft, rule: Rule | undefined): Rule['permissions'] =>
  rule && !draftOf(rule.permissions)
    ? rule.permissions
    : blocksOf(draft).map((block) => ({ ...block, access: block.access.map((one) => ({ ...one, effect: 'allow' })) }))

function problemsOf({ minutes = '' }: Values, claims: readonly ClaimDraft[], draft: Draft): FieldErrors {
  const lines = claimsOf(claims)
  const isHalf = lines.some(({ claim, equals, matches }) => claim === '' || (equals ?? matches ?? '') === '')
  return {
    ...(lines.length === 0 ? { claims: words().noClaims } : isHalf ? { claims: words().halfClaim } : {}),
    ...(draft.rights.length === 0 ? { rights: words().noRights } : {}),
    ...(draft.rights.length > 0 && draft.places.length === 0 ? { rights: words().noPlace } : {}),
    ...(Number(minutes) > 0 ? {} : { minutes: words().minutesBad }),
  }
}

/** What the server's words are about, by the field that takes it. */
const fields: [about: RegExp, field: string][] = [
  [/has a name/, 'name'],
  [/^issuer/, 'issuer'],
  [/^audience/, 'audience'],
  [/^jwks/, 'jwks'],
  [/^duration/, 'minutes'],
  [/trust rule (cannot give|gives)|^with patterns/, 'rights'],
  [/pattern/, 'repositories'],
  [/claim/, 'claims'],
]

const fieldOf = ({ status, message }: ApiError): string | undefined =>
  status === 409 ? 'name' : fields.find(([about]) => about.test(message))?.[1]

function explain(error: unknown, name: string): unknown {
  if (!(error instanceof ApiError) || error.status !== 409) return error
  return new ApiError(409, error.code, words().nameTaken(name), error.requestId)
}
