import * as api from '../../../../api/preheat.ts'
import { listing } from '../../../platform/db/listing.ts'
import { created } from '../../../platform/http/reply.ts'
import { actorOf } from '../../../registry/caller.ts'
import { route, type ApiRoute } from '../../access/index.ts'
import type { Ground } from '../ground.ts'
import { providers } from '../providers/providers.ts'
import { createInstance, deleteInstance, instanceNotFound, pingSaved, pingUnsaved, updateInstance } from './actions.ts'
import { findInstance, instanceFields, instanceOrder, listAllInstances, listInstances, type Instance } from './store.ts'
import { parseInstance, presentChoice, presentInstance } from './wire.ts'

const may = <Verb extends string>(verb: Verb) => ({ system: 'preheat-instance', verb }) as const

/** Harbor's operations on the services that preheat. */
export function instanceRoutes(ground: Ground): ApiRoute[] {
  const { db } = ground
  return [
    route(api.listPreheatProviders, may('list'), async () => providers.map(({ id, about }) => ({ id, ...about }))),
    route(api.listProvidersOfProject, { project: 'preheat-policy', verb: 'read' }, async () =>
      (await listAllInstances(db)).map(presentChoice),
    ),
    route(api.pingPreheatInstance, may('read'), async ({ body }) =>
      (body.id ?? 0) > 0 ? pingSaved(ground, body.id!) : pingUnsaved(ground, parseInstance(body)),
    ),
    route(api.listPreheatInstances, may('list'), async ({ query }) => {
      const { rows, total } = await listInstances(db, listing(instanceFields, query, instanceOrder))
      return { rows: rows.map(presentInstance), total }
    }),
    route(api.createPreheatInstance, may('create'), async ({ body, caller }) => {
      const wanted = parseInstance(body)
      await createInstance(ground, actorOf(caller), wanted)
      return created(wanted.name)
    }),
    route(api.getPreheatInstance, may('read'), async ({ params }) =>
      presentInstance(await getInstance(ground, params.preheat_instance_name)),
    ),
    route(api.updatePreheatInstance, may('update'), async ({ params, body, caller }) =>
      updateInstance(
        ground,
        actorOf(caller),
        await getInstance(ground, params.preheat_instance_name),
        parseInstance(body),
      ),
    ),
    route(api.deletePreheatInstance, may('delete'), async ({ params, caller }) =>
      deleteInstance(ground, actorOf(caller), await getInstance(ground, params.preheat_instance_name)),
    ),
  ]
}

/** Throws NOT_FOUND. */
async function getInstance({ db }: Ground, name: string): Promise<Instance> {
  const found = await findInstance(db, name)
  if (!found) throw instanceNotFound(name)
  return found
}
