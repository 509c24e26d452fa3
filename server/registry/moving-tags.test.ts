import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from '../platform/db/sql.ts'
import { fresh, pushImage } from '../testing/given.ts'
import { expectAnswer } from '../testing/http.ts'
import { openRival, untilWaiting } from '../testing/rival.ts'
import { openScene } from '../testing/scene.ts'

const { marina, cast } = await openScene()
const ask = (method: string, path: string) => marina.ask(method, path, { as: marina.admin })

test('a tag that a push moves during its deletion is deleted, and the fact has its last digest', async () => {
  const { db } = marina.ground
  const repository = `${cast.P.name}/${fresh('repo')}`
  await pushImage(marina, repository, { tag: 't' })
  const other = await pushImage(marina, repository)
  await using rival = await openRival(
    db,
    sql`update tag set artifact_id = artifact.id from artifact
      where artifact.repository_id = tag.repository_id and artifact.digest = ${other.digest} and tag.name = 't'`,
  )
  const deleting = ask('DELETE', `/v2/${repository}/manifests/t`)
  await untilWaiting(db)
  await rival.commit()
  expectAnswer(await deleting, 202)
  expectAnswer(await ask('GET', `/v2/${repository}/manifests/t`), 404, 'MANIFEST_UNKNOWN')
  const fact = await db.row<{ digest: string }>(sql`
    select payload->>'digest' as digest from outbox
    where topic = 'tag.deleted' and payload->>'repository' = ${repository}`)
  assert.equal(fact!.digest, other.digest)
})
