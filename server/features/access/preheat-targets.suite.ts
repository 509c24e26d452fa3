import type { Project } from '../../catalog/project.ts'
import { sql } from '../../platform/db/sql.ts'
import { enqueue } from '../../platform/jobs/enqueue.ts'
import { jobType } from '../../platform/jobs/type.ts'
import { fresh } from '../../testing/given.ts'
import type { TestMarina } from '../../testing/server.ts'

type Done = Record<string, string | number>

/** Makes what paths of preheating name. No policy is enabled, and no job of them runs. */
export function preheatTargets({ ground: { db } }: TestMarina) {
  async function givenInstance(): Promise<{ id: number; name: string }> {
    const name = fresh('heat')
    const row = await db.row<{ id: number }>(sql`
      insert into preheat_instance (name, provider, endpoint, is_enabled, is_default, is_insecure)
      values (${name}, 'kraken', ${`http://${name}.example`}, true, false, false) returning id`)
    return { id: row!.id, name }
  }
  return {
    preheat_instance_name: async () => (await givenInstance()).name,
    async preheat_policy_name(project: Project) {
      const [name, { id }] = [fresh('warm'), await givenInstance()]
      await db.run(sql`
        insert into preheat_policy (project_id, instance_id, name, filters, trigger, is_enabled)
        values (${project.id}, ${id}, ${name}, '[]', 'manual', false)`)
      return name
    },
    async preheatExecution(_project: Project, { preheat_policy_name: name }: Done) {
      const policy = await db.row<{ id: number }>(sql`select id from preheat_policy where name = ${String(name)}`)
      const row = await db.transaction((tx) =>
        enqueue(tx, jobType({ name: 'NOBODY_RUNS_THIS' }), {
          params: { repository: 'a/b', tag: 'v1', digest: 'sha256:0' },
          trigger: 'MANUAL',
          vendorType: 'P2P_PREHEAT',
          vendorId: policy!.id,
        }),
      )
      return row.executionId
    },
    async preheatTask(_project: Project, { execution_id: id }: Done) {
      const row = await db.row<{ id: number }>(sql`
        update task set job_type = 'P2P_PREHEAT' where execution_id = ${Number(id)} returning id`)
      return row!.id
    },
  }
}
