import * as api from '../../../api/configurations.ts'
import { actorOf } from '../../registry/caller.ts'
import { route, type ApiRoute } from '../access/index.ts'
import { isSecret, items, type ItemName } from './items.ts'
import type { SettingsAccess } from './settings.ts'

/** Clients of Harbor read these items without checking that they exist. The secret is stored, and never shown. */
const alwaysThere = { scan_all_policy: {}, uaa_client_secret: { value: '', editable: true } }

export function settingsRoutes(settings: SettingsAccess): ApiRoute[] {
  /** All items but the secrets, which no caller ever gets back (H29). */
  const shown = async () => {
    const all = await settings.all()
    const names = (Object.keys(items) as ItemName[]).filter((name) => !isSecret(name))
    const shownOf = async (name: ItemName) =>
      [name, { value: all[name], editable: await settings.isEditable(name) }] as const
    return Object.fromEntries(await Promise.all(names.map((name) => shownOf(name))))
  }

  return [
    route(api.getConfigurations, { system: 'configuration', verb: 'read' }, async () => ({
      ...(await shown()),
      ...alwaysThere,
    })),
    route(api.getInternalConfiguration, { system: 'configuration', verb: 'read' }, shown),
    route(api.updateConfigurations, { system: 'configuration', verb: 'update' }, ({ body, caller }) =>
      settings.update(actorOf(caller), body),
    ),
  ]
}
