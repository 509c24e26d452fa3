import { topic } from '../../catalog/topic.ts'

export const facts = {
  /** Secrets stand as `***`. */
  configurationUpdated: topic<{ changed: Record<string, unknown> }>('configuration.updated', {
    resource: () => 'configuration',
    description: ({ changed }) => `update configuration: ${Object.keys(changed).join(', ')}`,
  }),
}
