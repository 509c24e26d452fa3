import type { Values } from '../../ui/form.tsx'
import { scheduleIn } from '../../ui/schedule.tsx'
import { listIn } from './names-fields.tsx'
import type { Policy, PolicyBody } from './policy.tsx'

/** The policy that the form says. What the form has no field for stays as it is. */
export function bodyIn(values: Values, policy: Policy | undefined): PolicyBody {
  const { name = '', description = '', direction, endpoint = '', namespace = '', replace = '-1', speed = '' } = values
  const side = { id: Number(endpoint) }
  const { src_registry: _source, dest_registry: _target, ...kept } = policy ?? {}
  const trigger = values['trigger'] ?? 'manual'
  const cron = trigger === 'scheduled' ? { trigger_settings: { cron: scheduleIn(values).cron } } : {}
  return {
    ...kept,
    name: name.trim(),
    description,
    ...(direction === 'pull' ? { src_registry: side } : { dest_registry: side }),
    filters: filtersIn(values),
    dest_namespace: namespace.trim(),
    dest_namespace_replace_count: Number(replace),
    trigger: { type: trigger, ...cron },
    enabled: values['enabled'] === 'on',
    override: values['override'] === 'on',
    deletion: values['deletion'] === 'on',
    replicate_deletion: values['deletion'] === 'on',
    speed: Number(speed),
    single_active_replication: values['single'] === 'on',
    copy_by_chunk: values['chunked'] === 'on',
    dest_template: (values['template'] ?? '').trim(),
    dest_pattern: (values['pattern'] ?? '').trim(),
    platforms: listIn(values['platforms']),
    rewrite_index: values['rewrite'] === 'on',
  }
}

function filtersIn({ repositories = '', tags = '', except, resource = '', labels = '' }: Values) {
  const named = listIn(labels)
  return [
    ...(repositories.trim() === '' ? [] : [{ type: 'name', value: repositories.trim() }]),
    ...(tags.trim() === ''
      ? []
      : [{ type: 'tag', value: tags.trim(), decoration: except === 'on' ? 'excludes' : 'matches' }]),
    ...(named.length === 0 ? [] : [{ type: 'label', value: named, decoration: 'matches' }]),
    ...(resource === '' ? [] : [{ type: 'resource', value: resource }]),
  ]
}
