import type { IncomingMessage } from 'node:http'
import type { Static } from 'typebox'
import * as api from '../../../api/workloads.ts'
import type { Project } from '../../catalog/project.ts'
import type { Reader } from '../../catalog/reader.ts'
import type { Db } from '../../platform/db/db.ts'
import { listing } from '../../platform/db/listing.ts'
import { Failure } from '../../platform/http/failure.ts'
import { created } from '../../platform/http/reply.ts'
import type { Peer } from '../../platform/http/server.ts'
import { actorOf } from '../../registry/caller.ts'
import { route, type ApiRoute, type Granted } from '../access/index.ts'
import { createRule, deleteRule, demandAccount, makerOf, updateRule } from './actions.ts'
import type { Examined } from './examine.ts'
import { workloadUser, type WorkloadLogin } from './login.ts'
import { findRule, listRules, ruleOrder, type TrustRule } from './store.ts'
import { parseRule, presentExamined, presentRules } from './wire.ts'

type RoutesOptions = {
  reader: Reader & { db: Db }
  login: WorkloadLogin
  examine(token: string, projectId?: number): Promise<Examined>
  peerOf(request: IncomingMessage): Peer
  limits: { rules: number; secretLifeMs: number }
}

type Page = { page?: number; page_size?: number }
type Body = Static<typeof api.WorkloadRuleReq>

/** Trust rules of the system and of projects, with the right to robots of the same place; and the exchange. */
export const workloadRoutes = (options: RoutesOptions): ApiRoute[] => [
  ...systemRoutes(options),
  ...projectRoutes(options),
  ...exchangeRoutes(options),
]

function systemRoutes(options: RoutesOptions): ApiRoute[] {
  const { list, create, get, update, remove } = verbsOf(options)
  return [
    route(api.listWorkloadRules, { system: 'robot', verb: 'list' }, ({ query }) => list(query)),
    route(api.createWorkloadRule, { system: 'robot', verb: 'create' }, (asked) => create(asked)),
    route(api.getWorkloadRule, { system: 'robot', verb: 'read' }, ({ params }) => get(params.rule_id)),
    route(api.updateWorkloadRule, { system: 'robot', verb: 'update' }, (asked) => update(asked, asked.params.rule_id)),
    route(api.deleteWorkloadRule, { system: 'robot', verb: 'delete' }, (asked) => remove(asked, asked.params.rule_id)),
  ]
}

function projectRoutes(options: RoutesOptions): ApiRoute[] {
  const { list, create, get, update, remove } = verbsOf(options)
  return [
    route(api.listProjectWorkloadRules, { project: 'robot', verb: 'list' }, ({ query, project }) =>
      list(query, project),
    ),
    route(api.createProjectWorkloadRule, { project: 'robot', verb: 'create' }, (asked) => create(asked)),
    route(api.getProjectWorkloadRule, { project: 'robot', verb: 'read' }, ({ params, project }) =>
      get(params.rule_id, project),
    ),
    route(api.updateProjectWorkloadRule, { project: 'robot', verb: 'update' }, (asked) =>
      update(asked, asked.params.rule_id),
    ),
    route(api.deleteProjectWorkloadRule, { project: 'robot', verb: 'delete' }, (asked) =>
      remove(asked, asked.params.rule_id),
    ),
  ]
}

function exchangeRoutes({ reader: { db }, login, examine, peerOf }: RoutesOptions): ApiRoute[] {
  return [
    route(api.testWorkloadToken, { system: 'robot', verb: 'create' }, async ({ body }) =>
      presentExamined(db, await examine(body.token)),
    ),
    route(api.testProjectWorkloadToken, { project: 'robot', verb: 'create' }, async ({ body, project }) =>
      presentExamined(db, await examine(body.token, project.id)),
    ),
    route(
      api.exchangeWorkloadToken,
      'anyone',
      async ({ body, request }) => {
        checkExchange(body)
        const workload = await login.exchange(body.subject_token, peerOf(request).address)
        const secret = await login.makeSecret(workload)
        return {
          access_token: secret,
          issued_token_type: jwtType,
          token_type: 'N_A',
          expires_in: Math.max(1, workload.until - Math.floor(Date.now() / 1000)),
          username: workloadUser,
        }
      },
      // Who sends the request does not matter: only what the token says counts.
      { isAlikeForAll: true },
    ),
  ]
}

const jwtType = 'urn:ietf:params:oauth:token-type:jwt'
const tokenTypes = [jwtType, 'urn:ietf:params:oauth:token-type:id_token']

function checkExchange({
  grant_type: grant,
  subject_token_type: type,
}: {
  grant_type: string
  subject_token_type: string
}) {
  if (grant !== 'urn:ietf:params:oauth:grant-type:token-exchange')
    throw new Failure('BAD_REQUEST', 'grant_type must be urn:ietf:params:oauth:grant-type:token-exchange')
  if (!tokenTypes.includes(type))
    throw new Failure('BAD_REQUEST', `subject_token_type must be ${tokenTypes.join(' or ')}`)
}

type Asked = Granted & { project?: Project }

/** The verbs on rules of one place: without a project, of the system. */
function verbsOf({ reader, limits }: RoutesOptions) {
  const { db } = reader
  const find = async (id: number, project?: Project): Promise<TrustRule> => {
    const rule = await findRule(db, project?.id ?? null, id)
    if (!rule) throw new Failure('NOT_FOUND', `trust rule ${id} not found`)
    return rule
  }
  const parse = async ({ rights, caller, project, body }: Asked & { body: Body }) => {
    demandAccount(rights)
    const rule = await parseRule(reader, rights, body, project, limits.secretLifeMs)
    return { by: actorOf(caller), makerId: makerOf(rights, rule), rule }
  }
  return {
    async list(query: Page, project?: Project) {
      const { rows, total } = await listRules(db, project?.id ?? null, listing({}, query, ruleOrder))
      return { rows: await presentRules(db, rows), total }
    },
    create: async (asked: Asked & { body: Body }) =>
      created(await createRule(db, await parse(asked), asked.project?.id ?? null, limits.rules)),
    get: async (id: number, project?: Project) => (await presentRules(db, [await find(id, project)]))[0]!,
    async update(asked: Asked & { body: Body }, id: number) {
      const rule = await find(id, asked.project)
      await updateRule(db, await parse(asked), rule)
    },
    async remove({ caller, project }: Asked, id: number) {
      await deleteRule(db, actorOf(caller), await find(id, project))
    },
  }
}
