import { useState } from 'preact/hooks'
import { listRegistries } from '../../../../api/endpoints.ts'
import { createProject } from '../../../../api/projects.ts'
import { common } from '../../i18n/common.ts'
import { ApiError, send } from '../../lib/api.ts'
import { cachedKinds, cacheMetadataOf } from '../../lib/cache-metadata.ts'
import { forget, useApi } from '../../lib/query.ts'
import { canInSystem, isAdministrator } from '../../lib/session.ts'
import { CacheFields, checkCache } from '../../ui/cache-fields.tsx'
import { RadioCards, SelectField } from '../../ui/choices.tsx'
import { CheckField, TextField, type FieldErrors, type Values } from '../../ui/form.tsx'
import { FormDialog } from '../../ui/form-dialog.tsx'
import { Icon } from '../../ui/icon.tsx'
import { Link } from '../../ui/link.tsx'
import { toast } from '../../ui/toasts.tsx'
import { words } from './words.ts'

const nameRule = /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/
const gibibyte = 1024 ** 3
type Kind = 'plain' | 'cache'

/** Asks for the name of a new project and what it is to hold, and makes it. */
export function NewProject({ onClose }: { onClose(): void }) {
  const [kind, setKind] = useState<Kind>('plain')
  const isCache = kind === 'cache'
  return (
    <FormDialog
      title={words().create}
      action={common().create}
      shape={isCache ? 'wide' : 'dialog'}
      onClose={onClose}
      check={(values) => ({ ...check(values), ...(isCache ? checkCache(values) : {}) })}
      submit={(values) => create(values, isCache)}
      fieldOf={({ status }) => (status === 409 || (status === 400 && !isCache) ? 'name' : undefined)}
    >
      <TextField name="name" label={words().name} hint={words().nameHint} isRequired autofocus maxLength={255} />
      {isAdministrator.value && (
        <RadioCards
          name="kind"
          label={words().kind}
          value={kind}
          options={[
            { value: 'plain', label: words().plain, hint: words().plainHint },
            { value: 'cache', label: words().cache, hint: words().cacheHint },
          ]}
          onPick={(one) => setKind(one)}
        />
      )}
      {isCache && <EndpointField />}
      {canInSystem('quota', 'update') && (
        <TextField name="limit" label={words().limit} hint={words().limitHint} type="number" min={0} step="any" />
      )}
      <CheckField name="public" label={words().public} hint={words().publicHint} />
      {isCache && <CacheFields metadata={{}} />}
    </FormDialog>
  )
}

/** Which registry is cached: system administrators choose one of those that are saved. */
function EndpointField() {
  const { data } = useApi(listRegistries, { query: { page_size: 100, sort: 'name' } })
  if (!data) return <div aria-busy="true" />
  const fitting = data.filter(({ type }) => cachedKinds.includes(type))
  if (fitting.length === 0)
    return (
      <p class="note warn">
        <Icon name="globe" />
        <span>
          {words().noEndpoint} <Link to="/endpoints">{words().toEndpoints}</Link>
        </span>
      </p>
    )
  return (
    <SelectField
      name="endpoint"
      label={words().endpoint}
      hint={words().endpointHint}
      value={String(fitting[0]!.id)}
      options={fitting.map(({ id, name, type }) => ({ value: String(id), label: `${name} (${type})` }))}
    />
  )
}

function check({ name = '', limit = '' }: Values): FieldErrors {
  return {
    ...(name !== '' && !nameRule.test(name) ? { name: words().nameBad } : {}),
    ...(limit !== '' && !(Number(limit) > 0) ? { limit: words().limitBad } : {}),
  }
}

async function create(values: Values, isCache: boolean): Promise<void> {
  const { name = '', limit = '', endpoint = '', public: isPublic } = values
  if (isCache && endpoint === '') throw new ApiError(400, undefined, words().noEndpoint)
  try {
    await send(createProject, {
      body: {
        project_name: name,
        metadata: { public: String(isPublic === 'on'), ...(isCache ? cacheMetadataOf(values) : {}) },
        ...(limit === '' ? {} : { storage_limit: Math.round(Number(limit) * gibibyte) }),
        ...(isCache ? { registry_id: Number(endpoint) } : {}),
      },
    })
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 409) throw error
    throw new ApiError(409, error.code, words().nameTaken(name), error.requestId)
  }
  forget('/projects', '/statistics', '/system/proxy-caches')
  toast(words().made(name))
}
