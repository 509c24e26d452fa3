import { topic } from '../../catalog/topic.ts'

export const facts = {
  /** `changed`: the new values, `***` for secrets. */
  configurationUpdated: topic<{ changed: Record<string, unknown> }>('configuration.updated', {
    resource: () => 'configuration',
    description: ({ changed }) => `update configuration: ${Object.keys(changed).join(', ')}`,
  }),
}
