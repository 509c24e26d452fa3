import { callApi, create } from './api.ts'
import { expectAnswer } from './http.ts'
import { resetAdminPassword } from '../features/accounts/index.ts'
import { saveStorageCheck } from '../features/system/index.ts'
import { sql } from '../platform/db/sql.ts'
import type { TestMarina } from './server.ts'

/**
 * What the pages of the system show: an endpoint, which is this Marina itself, a policy, a schedule, a limit, a
 * group and tokens of the administrator. Needs MARINA_OUTBOUND_ALLOW=127.0.0.1. Ids are always the same.
 */
export async function givenPortalSystem(marina: TestMarina): Promise<void> {
  const { admin } = marina
  const make = (path: string, body: unknown) => create(marina, path, admin, body)
  await make('/registries', {
    name: 'branch',
    type: 'harbor',
    url: marina.url,
    credential: { type: 'basic', access_key: admin.name, access_secret: admin.password },
  })
  await make('/replication/policies', {
    name: 'to-branch',
    description: 'What the branch office needs',
    enabled: true,
    override: true,
    dest_registry: { id: 1 },
    dest_namespace: 'mirror',
    filters: [{ type: 'name', value: 'library/**' }],
    trigger: { type: 'scheduled', trigger_settings: { cron: '0 0 3 * * *' } },
  })
  await givenPreheat(marina)
  await make('/usergroups', { group_name: 'developers', group_type: 3 })
  const inTeam = [{ kind: 'project', namespace: 'team', access: [{ resource: 'repository', action: 'pull' }] }]
  await make('/users/current/tokens', { name: 'laptop', duration: 5 })
  await make('/users/current/tokens', { name: 'nightly-report', permissions: inTeam })
  const schedule = { type: 'Weekly', cron: '0 30 2 * * 6' }
  const body = { schedule, parameters: { delete_untagged: false, workers: 2 } }
  expectAnswer(await callApi(marina, 'POST', '/system/gc/schedule', { as: admin, body }), 201)
  const limit = { hard: { storage: 1024 ** 2 } }
  expectAnswer(await callApi(marina, 'PUT', '/quotas/1', { as: admin, body: limit }), 200)
}

/** A service that preheats, at an address where nothing listens, and a policy of the project team. */
async function givenPreheat(marina: TestMarina): Promise<void> {
  const call = (path: string, body: object) => callApi(marina, 'POST', path, { as: marina.admin, body })
  const service = {
    name: 'dragonfly',
    description: 'All machines of the data centre',
    vendor: 'dragonfly',
    endpoint: 'http://127.0.0.1:9/dragonfly',
    auth_mode: 'NONE',
    enabled: true,
    default: true,
  }
  expectAnswer(await call('/p2p/preheat/instances', service), 201)
  const policy = {
    name: 'warm',
    description: 'What the shop needs in the morning',
    provider_id: 1,
    filters: '[{"type":"repository","value":"apps/**"},{"type":"tag","value":"2.*"}]',
    trigger: '{"type":"scheduled","trigger_setting":{"cron":"0 0 5 * * *"}}',
    extra_attrs: '{"scope":"all_seed_peers"}',
    enabled: true,
  }
  expectAnswer(await call('/projects/team/preheat/policies', policy), 201)
}

/** Two collections that failed, of which one did so within the last seven days. */
export async function givenFailedRuns({ ground }: TestMarina): Promise<void> {
  await ground.db.run(sql`
    insert into execution (vendor_type, trigger, status, status_message, tasks, failed, ended_at)
    select 'GARBAGE_COLLECTION', 'SCHEDULE', 'Error', 'the disk is on fire', 1, 1,
      clock_timestamp() - n * interval '1 day'
    from generate_series(1, 10, 8) n`)
}

/** What `marina fsck` finds, as if it had run. */
export const givenStorageCheck = ({ ground }: TestMarina, found: Parameters<typeof saveStorageCheck>[1]) =>
  saveStorageCheck(ground.db, found)

/** Gives the administrator a password that Marina made, as the first start does. Returns it. */
export const givenMadePassword = ({ ground }: TestMarina): Promise<string> => resetAdminPassword(ground.db, ground)
