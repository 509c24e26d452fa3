import assert from 'node:assert/strict'
import type { Project } from '../../catalog/project.ts'
import { sql } from '../../platform/db/sql.ts'
import { callApi, create } from '../../testing/api.ts'
import { fresh, pushImage } from '../../testing/given.ts'
import type { TestMarina } from '../../testing/server.ts'
import { retentionPolicy } from './operations.suite.ts'
import { givenTrustRule } from './workload-targets.suite.ts'

type Maker = (project: Project, done: Record<string, string | number>) => Promise<string | number>

/** Makes what the paths of retention, deployments, project templates and trust rules name. */
export function retentionTargets(marina: TestMarina): Record<string, Maker> {
  return {
    rule_id: (project, done) => givenTrustRule(marina, project, done),
    template_id: () =>
      create(marina, '/system/project-templates', marina.admin, {
        name: fresh('template'),
        projects: [{ pattern: 'none' }],
      }),
    async cluster(project) {
      const [cluster, name] = [fresh('cluster'), fresh('running')]
      const { digest } = await pushImage(marina, `${project.name}/${name}`, { tag: 'v1' })
      const images = [{ repository: `${project.name}/${name}`, digest }]
      const answer = await callApi(marina, 'POST', '/deployments', { as: marina.admin, body: { cluster, images } })
      assert.equal(answer.status, 200, answer.text)
      return cluster
    },
    /** The project's retention policy, made when there is none. */
    async retentions(project) {
      const known = await marina.ground.db.row<{ id: number }>(
        sql`select id from retention_policy where project_id = ${project.id}`,
      )
      return known?.id ?? create(marina, '/retentions', marina.admin, retentionPolicy(project))
    },
    /** A run of the policy that has ended, with one task. */
    async eid(_, { id: policyId }) {
      const row = await marina.ground.db.row<{ id: number }>(sql`
          with run as (
            insert into execution (vendor_type, vendor_id, trigger, status, ended_at)
            values ('RETENTION', ${policyId}, 'MANUAL', 'Success', now()) returning id)
          insert into task (execution_id, job_type, max_tries, status, ended_at, params)
          select id, 'RETENTION', 1, 'Success', now(), '{"short": "app"}' from run returning execution_id as id`)
      return row!.id
    },
    tid: async (_, { eid }) =>
      (await marina.ground.db.row<{ id: number }>(sql`select id from task where execution_id = ${eid}`))!.id,
  }
}
