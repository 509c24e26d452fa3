import assert from 'node:assert/strict'
import type { Project } from '../../catalog/project.ts'
import { callApi, create, givenRobot } from '../../testing/api.ts'
import { sql } from '../../platform/db/sql.ts'
import { enqueue } from '../../platform/jobs/enqueue.ts'
import { jobType } from '../../platform/jobs/type.ts'
import { fresh, givenUser, pushImage } from '../../testing/given.ts'
import type { Answer, Person } from '../../testing/http.ts'
import type { TestMarina } from '../../testing/server.ts'
import type { Listed } from './document.suite.ts'
import { operations, type Place } from './operations.suite.ts'
import { retentionTargets } from './retention-targets.suite.ts'
import { roleTargets } from './role-targets.suite.ts'

/** Tables that are written apart from requests. */
const writtenApart =
  'replica replica_answer login_failure sign_in worker_pool event_place blob_unsynced repository_total'.split(' ')

/** Harbor calls the ids of quotas, retention policies, registries and what belongs to replication only `id`. */
const ofPath = [
  ['/retentions/', 'retentions'],
  ['/registries/', 'registry'],
  ['/replication/policies/', 'replicationPolicy'],
  ['/replication/executions/', 'replicationExecution'],
] as const

function nameIn(path: string, name: string): string {
  if (name === 'task_id' && path.startsWith('/replication/')) return 'replicationTask'
  return (name === 'id' && ofPath.find(([start]) => path.startsWith(start))?.[1]) || name
}

export type Target = { url: string; body?: unknown }
export type Targets = ReturnType<typeof openTargets>

const placeOf = (project: Project, more: Partial<Place> = {}): Place => ({
  project,
  fresh,
  userId: 0,
  repository: '',
  labelId: 0,
  scannerId: '',
  policyId: 0,
  ...more,
})

/** Operations that name a repository outside of their path. */
const namingRepository = ['CopyArtifact', 'listRepositoryUsage', 'getRepositoryPulls', 'listRepositoryTags'].map(
  (id) => operations[id]!,
)

/** Makes the things that the operations are tried on. */
export function openTargets(marina: TestMarina) {
  /** Makes the thing that a path's parameter names, in this project, and returns its name or id. */
  const makers: Record<string, (project: Project, done: Record<string, string | number>) => Promise<string | number>> =
    {
      project_name_or_id: async (project) => project.name,
      project_name: async (project) => project.name,
      async mid(project) {
        const { id } = await givenUser(marina)
        return create(marina, `/projects/${project.name}/members`, marina.admin, {
          role_id: 3,
          member_user: { user_id: id },
        })
      },
      robot_id: async (project) =>
        (
          await givenRobot(marina, fresh('target'), {
            project: project.name,
            access: [{ resource: 'repository', action: 'pull' }],
          })
        ).id,
      user_id: async () => (await givenUser(marina)).id,
      group_id: async () => create(marina, '/usergroups', marina.admin, { group_name: fresh('target'), group_type: 2 }),
      async label_id(project, { repository_name: repository, reference }) {
        const { id } = (await marina.ground.db.row<{ id: number }>(
          sql`insert into label (name, project_id) values (${fresh('target')}, ${project.id}) returning id`,
        ))!
        // Below an artifact, the label has to be on it.
        if (reference !== undefined)
          assert.equal(
            (
              await callApi(
                marina,
                'POST',
                `/projects/${project.name}/repositories/${repository}/artifacts/${reference}/labels`,
                { as: marina.admin, body: { id } },
              )
            ).status,
            200,
          )
        return id
      },
      async registration_id() {
        const answer = await callApi(marina, 'POST', '/scanners', {
          as: marina.admin,
          body: operations['createScanner']!.example!(placeOf({} as Project)).body,
        })
        return answer.headers.location!.replace('/api/v2.0/scanners/', '')
      },
      immutable_rule_id: async (project) =>
        create(
          marina,
          `/projects/${project.name}/immutabletagrules`,
          marina.admin,
          operations['CreateImmuRule']!.example!(placeOf(project)).body,
        ),
      async webhook_policy_id(project, done) {
        const path =
          'project_name_or_id' in done ? `/projects/${project.name}/webhook/policies` : '/system/webhook/policies'
        const id = await create(
          marina,
          path,
          marina.admin,
          operations['CreateWebhookPolicyOfProject']!.example!(placeOf(project)).body,
        )
        // Paused, since deliveries would write rows while a test compares all rows.
        await marina.ground.db.run(
          sql`update webhook_target set paused_at = now(), paused_by = 'user' where policy_id = ${id}`,
        )
        return id
      },
      target_id: async (_, { webhook_policy_id: id }) =>
        (await marina.ground.db.row<{ id: number }>(sql`select id from webhook_target where policy_id = ${id}`))!.id,
      async execution_id(_, { webhook_policy_id: id }) {
        // An execution of an export or of the job service: no such id. The tests of those features make real ones.
        if (id === undefined) return 999_999_999
        const row = await marina.ground.db.row<{ id: number }>(sql`
        insert into webhook_delivery (policy_id, target_id, notify_type, event_type, event_id, ordered_by,
          trigger, content_type, body, status, ended_at)
        select policy_id, id, type, 'PUSH_ARTIFACT', gen_random_uuid(), 'x',
          'EVENT', 'application/json', '{}', 'Success', now()
        from webhook_target where policy_id = ${id} returning id`)
        return row!.id
      },
      task_id: async (_, { execution_id: id }) => id!,
      async repository_name(project) {
        const name = fresh('repo')
        await pushImage(marina, `${project.name}/${name}`, { tag: 'v1' })
        return name
      },
      reference: async () => 'v1',
      tag_name: async () => 'v1',
      addition: async () => 'build_history',
      document: async () => 'manifest',
      async meta_name(project) {
        const { status } = await callApi(marina, 'POST', `/projects/${project.name}/metadatas/`, {
          as: marina.admin,
          body: { reuse_sys_cve_allowlist: 'true' },
        })
        assert.ok(status === 200 || status === 409, `metadata not made: ${status}`)
        return 'reuse_sys_cve_allowlist'
      },
      async signer_name(project) {
        const { status } = await callApi(marina, 'PUT', `/projects/${project.name}/signers/target`, {
          as: marina.admin,
          body: operations['putSigner']!.example!(placeOf(project)).body,
        })
        assert.equal(status, 200)
        return 'target'
      },
      // No such trusted root: the tests of signatures import one.
      trust_root_name: async () => 'absent',
      report_id: async () => '0',
      pool_id: async () => 'all',
      resource: async () => 'tag',
      job_type: async () => 'all',
      async gc_id() {
        const row = await marina.ground.db.row<{ id: number }>(
          sql`insert into execution (vendor_type, trigger, status, ended_at)
            values ('GARBAGE_COLLECTION', 'MANUAL', 'Success', now()) returning id`,
        )
        return row!.id
      },
      async trash_id(project) {
        const name = fresh('gone')
        await pushImage(marina, `${project.name}/${name}`, { tag: 'v1' })
        assert.equal(
          (await callApi(marina, 'DELETE', `/projects/${project.name}/repositories/${name}`, { as: marina.admin }))
            .status,
          200,
        )
        const entries = (
          await callApi(marina, 'GET', `/projects/${project.name}/trash`, { as: marina.admin })
        ).json() as { id: number }[]
        return entries[0]!.id
      },
      ...retentionTargets(marina),
      ...roleTargets(marina),
      reaction_name: async () => 'audit-forward',
      prefetch_id: async () => 999_999_999,
      purge_id: async () => 999_999_999,
      import_id: async () => 999_999_999,
      async job_id() {
        const row = await marina.ground.db.transaction((tx) =>
          enqueue(tx, jobType({ name: 'NOBODY_RUNS_THIS' }), { params: {}, trigger: 'MANUAL' }),
        )
        return row.taskId
      },
      digest: async () => `sha256:${'0'.repeat(64)}`,
      async registry() {
        const row = await marina.ground.db.row<{ id: number }>(sql`
          insert into endpoint (name, type, url, status)
          values (${fresh('target')}, 'oci', 'http://registry.example', 'healthy') returning id`)
        return row!.id
      },
      /** It takes no repository, so that no other registry is asked. */
      async replicationPolicy(project, done) {
        const row = await marina.ground.db.row<{ id: number }>(sql`
          insert into replication_policy (name, creator, direction, endpoint_id, is_enabled, filters)
          values (${fresh('target')}, 'admin', 'push', ${Number(await makers['registry']!(project, done))}, true,
            '[{"type": "name", "value": "none/none"}]') returning id`)
        return row!.id
      },
      async replicationExecution() {
        const row = await marina.ground.db.transaction((tx) =>
          enqueue(tx, jobType({ name: 'NOBODY_RUNS_THIS' }), {
            params: {},
            trigger: 'MANUAL',
            vendorType: 'REPLICATION',
            vendorId: 0,
          }),
        )
        return row.executionId
      },
      async replicationTask(_project, { id }) {
        const row = await marina.ground.db.row<{ id: number }>(sql`
          update task set job_type = 'REPLICATION' where execution_id = ${Number(id)} returning id`)
        return row!.id
      },
      async id(project) {
        const quotas = (
          await callApi(marina, 'GET', `/quotas?reference=project&reference_id=${project.id}`, { as: marina.admin })
        ).json() as { id: number }[]
        return quotas[0]!.id
      },
    }

  return { targetOf, ask, stateOfAll }

  /** Makes an operation's URL and body: the path names the project `below`, the things it names belong to `inside`. */
  async function targetOf({ path, operation }: Listed, below: Project, inside: Project = below): Promise<Target> {
    const values: Record<string, string | number> = {}
    for (const [, name = ''] of path.matchAll(/\{(\w+)\}/g)) {
      const make = makers[nameIn(path, name)]
      assert.ok(make, `nobody knows how to make a ${name}`)
      values[name] = await make(name.startsWith('project_name') ? below : inside, values)
    }
    const more = {
      ...(operation === operations['createProjectMember'] && { userId: (await givenUser(marina)).id }),
      ...(namingRepository.includes(operation) && {
        repository: `${inside.name}/${await makers['repository_name']!(inside, values)}`,
      }),
      ...(operation === operations['setScannerOfProject'] && {
        scannerId: String(await makers['registration_id']!(inside, {})),
      }),
      ...(operation === operations['ListWebhookJobs'] && {
        policyId: Number(await makers['webhook_policy_id']!(inside, values)),
      }),
      ...(operation === operations['addLabel'] && { labelId: Number(await makers['label_id']!(inside, {})) }),
    }
    const { query, body } = operation.example?.(placeOf(below, more)) ?? {}
    return {
      url: `${path.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(values[name]))}${query ? `?${query}` : ''}`,
      ...(body === undefined ? {} : { body }),
    }
  }

  function ask({ method }: Listed, { url, body }: Target, as: Person | undefined): Promise<Answer> {
    return callApi(marina, method, url, {
      as,
      ...(body === undefined && !/^(?:POST|PUT|PATCH)$/.test(method) ? {} : { body: body ?? {} }),
    })
  }

  /**
   * A checksum of all rows of all tables, as one text. Left out are rows that are written apart from requests, and rows
   * that say that a request was refused. Ordered by name, since PostgreSQL may count several tables at once.
   */
  async function stateOfAll(): Promise<string> {
    const tables = await marina.ground.db.rows<{ name: string }>({
      name: '',
      text: `
        select tablename as name from pg_tables where schemaname = 'public'
          and tablename <> all($1) and tablename !~ '^audit_log' order by 1`,
      values: [writtenApart],
    })
    const part = ({ name }: { name: string }) => `
      select '${name}' as name, count(*) as count,
        coalesce(sum(hashtextextended((to_jsonb(one) - 'last_used_at')::text, 0)), 0)::text as sum
      from "${name}" one
      ${name === 'outbox' ? `where topic not in ('change.refused', 'login.failed')` : ''}`
    return JSON.stringify(
      await marina.ground.db.rows({
        name: '',
        text: `${tables.map(part).join(' union all ')} order by name`,
        values: [],
      }),
    )
  }
}
