import * as api from '../../../api/endpoints.ts'
import { listing } from '../../platform/db/listing.ts'
import { created } from '../../platform/http/reply.ts'
import { actorOf } from '../../registry/caller.ts'
import { route, type ApiRoute } from '../access/index.ts'
import { createEndpoint, deleteEndpoint, missing, pingEndpoint, updateEndpoint, type Ground } from './actions.ts'
import { adapters, findAdapter } from './adapters/adapters.ts'
import { harbor } from './adapters/harbor.ts'
import { reachable } from './open.ts'
import { endpointFields, endpointOrder, findEndpoint, listEndpoints, type Endpoint } from './store.ts'
import {
  parseChange,
  parseNew,
  parsePing,
  presentEndpoint,
  presentInfo,
  presentLocal,
  presentPatterns,
  withKind,
} from './wire.ts'

/** `localUrl`: the URL at which clients reach this Marina. */
export type RouteGround = Ground & { localUrl: string }

export function endpointRoutes(ground: RouteGround): ApiRoute[] {
  return [...adapterRoutes(), ...savedRoutes(ground), ...askRoutes(ground)]
}

const may = <Verb extends string>(verb: Verb) => ({ system: 'registry', verb }) as const

function adapterRoutes(): ApiRoute[] {
  const mayList = { system: 'replication-adapter', verb: 'list' } as const
  return [
    route(api.listAdapters, mayList, async () => adapters.map(({ type }) => type)),
    route(api.listAdapterInfos, mayList, async () => {
      const all = adapters.map(({ type, info }) => [type, presentPatterns(info)] as const)
      return Object.fromEntries(all.flatMap(([type, patterns]) => (patterns ? [[type, patterns]] : [])))
    }),
  ]
}

function savedRoutes(ground: RouteGround): ApiRoute[] {
  const { db } = ground
  return [
    route(api.listRegistries, may('list'), async ({ query }) => {
      const { name = '', ...rest } = query
      const { rows, total } = await listEndpoints(db, name, listing(endpointFields, rest, endpointOrder))
      return { rows: rows.map(presentEndpoint), total }
    }),
    route(api.createRegistry, may('create'), async ({ body, caller }) =>
      created(await createEndpoint(ground, actorOf(caller), parseNew(body))),
    ),
    route(api.updateRegistry, may('update'), async ({ params, body, caller }) =>
      updateEndpoint(ground, actorOf(caller), await getEndpoint(ground, params.id), parseChange(body)),
    ),
    route(api.deleteRegistry, may('delete'), async ({ params, caller }) =>
      deleteEndpoint(ground, actorOf(caller), params.id),
    ),
  ]
}

function askRoutes(ground: RouteGround): ApiRoute[] {
  const { seal, localUrl } = ground
  return [
    route(api.pingRegistry, may('read'), async ({ body }) => {
      if (body.id === undefined) return pingEndpoint(ground, parsePing(body))
      // This Marina answers: this very request.
      if (body.id === 0) return
      const known = reachable(seal, await getEndpoint(ground, body.id))
      // The saved secret goes to the saved server only, so that a URL in the body has no effect, as in Harbor.
      const { url: _, tokenServiceUrl: __, name: ___, description: ____, ...given } = parseChange(body)
      await pingEndpoint(ground, withKind({ ...known, ...given }))
    }),
    route(api.getRegistry, may('read'), async ({ params }) =>
      params.id === 0 ? presentLocal(localUrl) : presentEndpoint(await getEndpoint(ground, params.id)),
    ),
    route(api.getRegistryInfo, may('read'), async ({ params }) =>
      params.id === 0
        ? presentInfo(harbor, true)
        : presentInfo(findAdapter((await getEndpoint(ground, params.id)).type)),
    ),
  ]
}

async function getEndpoint({ db }: RouteGround, id: number): Promise<Endpoint> {
  const endpoint = await findEndpoint(db, id)
  if (!endpoint) throw missing(id)
  return endpoint
}
