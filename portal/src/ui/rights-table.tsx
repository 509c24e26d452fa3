import { getPermissions } from '../../../api/permissions.ts'
import type { Rights } from '../lib/permissions.ts'
import { useApi } from '../lib/query.ts'
import { actionName, byResource, resourceName } from '../lib/right-words.ts'
import { ErrorState } from './problem.tsx'

type ChoiceProps = { label: string; rights: Rights; onChange(rights: string[]): void }

/** Every right that a robot or a token can be given, in projects or on the system, to choose from. */
export function RightsTable({ kind, ...choice }: ChoiceProps & { kind: 'project' | 'system' }) {
  const { data, error, refresh } = useApi(getPermissions, {})
  if (error) return <ErrorState error={error} onRetry={refresh} />
  return <RightsChoice {...choice} all={data?.[kind].map(({ resource, action }) => `${resource}:${action}`)} />
}

/** Rights to choose from. `all` is undefined while they are asked for. */
export function RightsChoice({ label, all, rights, onChange }: ChoiceProps & { all: Rights | undefined }) {
  const toggle = (right: string) =>
    onChange(rights.includes(right) ? rights.filter((one) => one !== right) : [...rights, right])
  return (
    <fieldset class="rights" aria-busy={all === undefined}>
      <legend>{label}</legend>
      <div>
        {byResource(all ?? []).map(([resource, actions]) => (
          <fieldset key={resource}>
            <legend>{resourceName(resource)}</legend>
            {actions.map((action) => (
              <label key={action}>
                <input
                  type="checkbox"
                  checked={rights.includes(`${resource}:${action}`)}
                  onChange={() => toggle(`${resource}:${action}`)}
                />
                {actionName(action)}
              </label>
            ))}
          </fieldset>
        ))}
      </div>
    </fieldset>
  )
}
