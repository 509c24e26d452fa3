import * as api from '../../../api/configurations.ts'
import { actorOf } from '../../registry/caller.ts'
import { route, type ApiRoute } from '../access/index.ts'
import { isSecret, items, type ItemName } from './items.ts'
import type { SettingsAccess } from './settings.ts'

export function settingsRoutes(settings: SettingsAccess): ApiRoute[] {
  /** All items but the secrets, which no caller ever gets back (H29). */
  const shown = async () => {
    const all = await settings.all()
    const names = (Object.keys(items) as ItemName[]).filter((name) => !isSecret(name))
    return Object.fromEntries(names.map((name) => [name, { value: all[name], editable: settings.isEditable(name) }]))
  }

  return [
    route(api.getConfigurations, { system: 'configuration', verb: 'read' }, shown),
    route(api.getInternalConfiguration, { system: 'configuration', verb: 'read' }, shown),
    route(api.updateConfigurations, { system: 'configuration', verb: 'update' }, ({ body, caller }) =>
      settings.update(actorOf(caller), body),
    ),
  ]
}
