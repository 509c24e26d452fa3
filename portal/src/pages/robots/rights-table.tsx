import { getPermissions } from '../../../../api/permissions.ts'
import { useApi } from '../../lib/query.ts'
import { ErrorState } from '../../ui/problem.tsx'
import type { Rights } from './presets.ts'
import { actionName, byResource, resourceName } from './right-words.ts'

type TableProps = { kind: 'project' | 'system'; label: string; rights: Rights; onChange(rights: string[]): void }

/** Every right that a robot can be given, to choose from. */
export function RightsTable({ kind, label, rights, onChange }: TableProps) {
  const { data, error, refresh } = useApi(getPermissions, {})
  if (error) return <ErrorState error={error} onRetry={refresh} />
  const all = (data?.[kind] ?? []).map(({ resource, action }) => `${resource}:${action}`)
  const toggle = (right: string) =>
    onChange(rights.includes(right) ? rights.filter((one) => one !== right) : [...rights, right])
  return (
    <fieldset class="rights" aria-busy={data === undefined}>
      <legend>{label}</legend>
      <div>
        {byResource(all).map(([resource, actions]) => (
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
