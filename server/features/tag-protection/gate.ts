import { OciError } from '../../../oci/errors.ts'
import { projectOf, type RepositoryName, type Tag } from '../../../oci/reference.ts'
import type { Reader } from '../../catalog/reader.ts'
import { filterTags, openYield } from '../../catalog/selector.ts'
import { existingTags, lockTagNames } from '../../catalog/tag.ts'
import type { Actor } from '../../catalog/topics.ts'
import type { Tx } from '../../platform/db/db.ts'
import type { PushGate, UntagGate } from '../../registry/gate.ts'
import { findRights, rolesFor } from '../access/index.ts'
import { refusing, type Doer, type Protected, type Rule } from './rules.ts'
import { findRules, namesOf } from './store.ts'

/** `onRefused`: told of each refusal, before the transaction ends. */
export type GateOptions = Pick<Reader, 'cache'> & {
  onRefused(by: Actor, what: string, projectName: string): void
}

/**
 * Refuses a push to a tag that a rule of the project keeps to others. What Marina does itself passes: copies of a
 * replication and of a cache, which only administrators set up. A push to a project without rules costs no query.
 */
export function pushIsByThose(options: GateOptions): PushGate {
  return async (tx, pushed) => {
    if (pushed.kind !== 'manifest' || pushed.tags.length === 0 || pushed.by.kind === 'system') return
    const { repository, project, by } = pushed
    const asked = await ask(options, tx, { projectId: project.id, repository, by }, pushed.tags, ['push', 'overwrite'])
    if (!asked) return
    const { tags, refusedBy } = asked
    await lockTagNames(tx, repository, tags)
    const there = new Set(await existingTags(tx, repository, tags))
    for (const tag of tags) await refuse(options, tx, asked, tag, there.has(tag) ? 'overwrite' : 'push', refusedBy)
  }
}

/** Refuses the removal of a tag, alone or with its artifact or repository, that a rule keeps to others. */
export function untagIsByThose(options: GateOptions): UntagGate {
  return async (tx, { projectId, repository, tags, by }) => {
    if (tags.length === 0 || by.kind === 'system') return
    const asked = await ask(options, tx, { projectId, repository, by }, tags, ['delete'])
    if (!asked) return
    for (const tag of await existingTags(tx, repository, asked.tags))
      await refuse(options, tx, asked, tag, 'delete', asked.refusedBy)
  }
}

type Place = { projectId: number; repository: RepositoryName; by: Actor }
type RefusedBy = (tag: Tag, action: Protected) => Rule | undefined
type Asked = Place & { tags: Tag[]; refusedBy: RefusedBy }

/**
 * The tags with which one of the actions could be refused; undefined without any. Reads by the transaction's own
 * connection: waiting for a second one could use up the pool and deadlock.
 */
async function ask(
  { cache }: GateOptions,
  tx: Tx,
  place: Place,
  tags: Tag[],
  actions: Protected[],
): Promise<Asked | undefined> {
  const { projectId, repository, by } = place
  const reader = { db: tx, cache }
  const rules = await findRules(reader, projectId)
  if (rules.length === 0) return undefined
  const name = repository.slice(projectOf(repository).length + 1)
  const doer = await doerOf(reader, projectId, name, by)
  const refusedBy: RefusedBy = (tag, action) => refusing(rules, name, tag, action, doer)
  const held = await filterTags(openYield(), tags, (tag) => actions.some((one) => refusedBy(tag, one) !== undefined))
  return held.length === 0 ? undefined : { ...place, tags: held, refusedBy }
}

/** The roles that somebody has now for a repository, or the robot that they are. */
async function doerOf(reader: Reader, projectId: number, repository: string, by: Actor): Promise<Doer> {
  if (by.kind === 'robot' && by.id !== null) return { roleIds: [], robotId: by.id }
  if (by.kind !== 'user' || by.id === null) return { roleIds: [] }
  const rights = await findRights(reader, { kind: 'user', id: by.id, name: by.name })
  return { roleIds: rights?.kind === 'user' ? rolesFor(rights, projectId, repository) : [] }
}

async function refuse(
  { onRefused }: GateOptions,
  tx: Tx,
  { repository, by }: Asked,
  tag: Tag,
  action: Protected,
  refusedBy: RefusedBy,
): Promise<void> {
  const rule = refusedBy(tag, action)
  if (!rule) return
  const names = await namesOf(tx, rule)
  onRefused(by, `${action} ${repository}:${tag}, protected by the rule ${rule.name}`, projectOf(repository))
  const who = names.length === 0 ? 'nobody may' : `only ${names.join(', ')} may`
  throw new OciError(
    'DENIED',
    `the tag ${repository}:${tag} is protected by the rule "${rule.name}" of the project: ${who} ${action} it`,
    { detail: { tag, rule: rule.name } },
  )
}
