import type { Static } from 'typebox'
import * as api from '../../../api/roles.ts'
import { isRepositoryName, isTag, type RepositoryName } from '../../../oci/reference.ts'
import type { Project } from '../../catalog/project.ts'
import type { Reader } from '../../catalog/reader.ts'
import { findTag } from '../../catalog/tag.ts'
import { listing } from '../../platform/db/listing.ts'
import { sql } from '../../platform/db/sql.ts'
import { Failure } from '../../platform/http/failure.ts'
import { holdable, partsOfPermission, route, type ApiRoute } from '../access/index.ts'
import type { SettingsReader } from '../settings/index.ts'
import { listProtections, type Protection } from '../tag-protection/index.ts'
import { protectionsOf, type Place } from './protections.ts'
import { explain, type Reason, type Right } from './reasons.ts'
import { sentenceOf, type Because } from './sentences.ts'
import { findSubject, listSubjects, type Subject } from './who.ts'

type Entry = Static<typeof api.AccessEntry>

const everyAction = holdable.project.map(({ resource, action }) => `${resource}:${action}`).toSorted()

export function explanationRoutes(reader: Reader, settings: SettingsReader): ApiRoute[] {
  return [
    // As the log of a project, this is for its administrators, and for auditors of the system.
    route(api.getProjectAccess, { project: 'log', verb: 'list' }, async ({ project, query }) => {
      const { who, action = 'all', repository, tag, ...page } = query
      const place = await placeOf(reader, project, repository, tag)
      const actions = parseActions(action, who)
      const ground = { reader, robotPrefix: await settings.get('robot_name_prefix') }
      const subjects =
        who === undefined ? await listSubjects(ground, project) : [await findSubject(ground, project, who)]
      const all = subjects.flatMap((subject) =>
        actions.map((one) => ({ subject, right: { ...partsOfPermission(one), repository } })),
      )
      const asked = all.filter(
        ({ subject: { rights, sources }, right }) =>
          who !== undefined || explain(rights, project, right, sources).isAllowed,
      )
      const { limit, offset } = listing({}, page, sql`1`)
      const shown = asked.slice(offset, offset + limit)
      const rules = await listProtections(reader.db, project.id)
      return {
        rows: shown.map(({ subject, right }) => entryOf(project, place, rules, subject, right)),
        total: asked.length,
      }
    }),
  ]
}

/** What is asked about: the repository, the tag, and whether that is there. Throws BAD_REQUEST. */
async function placeOf(
  reader: Reader,
  project: Project,
  repository: string | undefined,
  tag: string | undefined,
): Promise<Place> {
  const name = `${project.name}/${repository}`
  if (repository !== undefined && !isRepositoryName(name))
    throw new Failure('BAD_REQUEST', 'repository is the name of a repository without its project')
  if (tag === undefined) return { repository }
  if (!isTag(tag)) throw new Failure('BAD_REQUEST', 'tag is not the name of a tag')
  if (repository === undefined) throw new Failure('BAD_REQUEST', 'a tag needs its repository')
  const isThere = (await findTag(reader, name as RepositoryName, tag)) !== undefined
  return { repository, tag: { name: tag, isThere } }
}

function parseActions(action: string, who: string | undefined): string[] {
  if (action === 'all' && who === undefined)
    throw new Failure('BAD_REQUEST', 'name who, or an action such as repository:push')
  if (action === 'all') return everyAction
  if (!everyAction.includes(action))
    throw new Failure('BAD_REQUEST', `there is no action ${action}: GET /api/v2.0/roles shows them`)
  return [action]
}

function entryOf(project: Project, place: Place, rules: readonly Protection[], subject: Subject, right: Right): Entry {
  const { kind, id, name, rights, sources } = subject
  const { isAllowed: isHeld, onlyIn, because } = explain(rights, project, right, sources)
  const held = isHeld ? protectionsOf(place, rules, subject, right) : []
  return {
    entity_type: letters[kind],
    ...(id === undefined ? {} : { entity_id: id }),
    entity_name: name,
    action: `${right.resource}:${right.action}`,
    // Rules for tags say no more than "not these tags", unless one tag is asked about.
    allowed: isHeld && (place.tag === undefined || held.length === 0),
    ...(onlyIn.length === 0 ? {} : { only_in: onlyIn }),
    because: because.map(presentReason),
    protected_by: held.map(({ id: ruleId, name: ruleName, because: why }) => {
      return { rule_id: ruleId, rule_name: ruleName, ...presentBecause(why) }
    }),
  }
}

const letters = { account: 'u', group: 'g', robot: 'r', token: 't', anonymous: 'a' } as const

function presentReason({ kind, roleId, roleName, groupName, repositories, ...why }: Reason): Entry['because'][0] {
  return {
    kind,
    ...presentBecause(why),
    ...(roleId === undefined ? {} : { role_id: roleId }),
    ...(roleName === undefined ? {} : { role_name: roleName }),
    ...(groupName === undefined ? {} : { group_name: groupName }),
    ...(repositories === undefined ? {} : { repositories }),
  }
}

const presentBecause = (why: Because) => ({ text: sentenceOf(why), code: why.code, parameters: { ...why.parameters } })
