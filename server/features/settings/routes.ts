import { Configurations, ConfigurationsResponse, InternalConfigurationsResponse } from '../../../api/configurations.ts'
import { actorOf } from '../../registry/caller.ts'
import { route } from '../access/index.ts'
import { isSecret, items, type ItemName } from './items.ts'
import type { SettingsAccess } from './settings.ts'

const tag = 'configure'

export function settingsRoutes(settings: SettingsAccess) {
  /** Secrets are taken and never given back, to nobody (H29). */
  const shown = async () => {
    const all = await settings.all()
    const names = (Object.keys(items) as ItemName[]).filter((name) => !isSecret(name))
    return Object.fromEntries(names.map((name) => [name, { value: all[name], editable: settings.isEditable(name) }]))
  }

  return [
    route({
      id: 'getConfigurations', tag, method: 'GET', path: '/configurations', access: { system: 'configuration', verb: 'read' },
      summary: 'Read the configuration items; secrets are left out',
      schema: { answers: { 200: ConfigurationsResponse } },
      handler: async () => ({ status: 200, body: await shown() }),
    }),
    route({
      id: 'getInternalconfig', tag, method: 'GET', path: '/internalconfig', access: { system: 'configuration', verb: 'read' },
      summary: "The same by the name that Harbor's own parts use",
      schema: { answers: { 200: InternalConfigurationsResponse } },
      handler: async () => ({ status: 200, body: await shown() }),
    }),
    route({
      id: 'updateConfigurations', tag, method: 'PUT', path: '/configurations', access: { system: 'configuration', verb: 'update' },
      summary: 'Change configuration items; those that are not named stay, unknown ones are ignored',
      schema: { body: Configurations, answers: { 200: null } },
      async handler({ body, caller }) {
        await settings.update(actorOf(caller), body)
        return { status: 200 }
      },
    }),
  ]
}
