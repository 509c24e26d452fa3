import type { Project } from '../../catalog/project.ts'
import { openYield } from '../../catalog/selector.ts'
import { regexOf } from '../../platform/doublestar-regex.ts'
import type { Queryable } from '../../platform/db/db.ts'
import { holds, matcherOf } from '../access/index.ts'
import { listHolders, type Holder } from '../roles/index.ts'
import { isAllowed, type NewRule, type Protected, type Rule } from './rules.ts'
import { listTagsAfter, type TagPlace } from './store.ts'

/** The most tags that a preview looks at, and that it shows. */
const limits = { lookedAt: 100_000, page: 5000, shown: 100 }

type Preview = {
  tagCount: number
  isWhole: boolean
  tags: TagPlace[]
  refused: (Pick<Holder, 'kind' | 'id' | 'name'> & { actions: Protected[] })[]
  refusedCount: number
}

/** What a rule would refuse: the tags that it is about, and those who have the right today and would lose it there. */
export async function previewRule(db: Queryable, project: Project, wanted: NewRule): Promise<Preview> {
  const rule = { ...wanted, id: 0 }
  const { tags, tagCount, repositories, isWhole } = await findTags(db, project.id, rule)
  const holders = await listHolders(db, project)
  const refused = holders.flatMap(({ kind, id, name, ...one }) => {
    const actions = rule.actions.filter((action) => loses({ kind, id, name, ...one }, rule, action, repositories))
    return actions.length === 0 ? [] : [{ kind, id, name, actions }]
  })
  return { tagCount, isWhole, tags, refused: refused.slice(0, limits.shown), refusedCount: refused.length }
}

/** `repositories`: some of those whose tags the rule is about. */
type Found = { tags: TagPlace[]; tagCount: number; repositories: string[]; isWhole: boolean }

async function findTags(db: Queryable, projectId: number, rule: Rule): Promise<Found> {
  const [regex, takes, yieldNow] = [regexOf([rule.repositories]), matcherOf(rule.tags), openYield()]
  const tags: TagPlace[] = []
  const repositories = new Set<string>()
  let tagCount = 0
  for (let [after, seen] = [0, 0]; seen < limits.lookedAt;) {
    const page = await listTagsAfter(db, projectId, regex, after, limits.page)
    for (const one of page) {
      await yieldNow()
      if (!takes(one.tag)) continue
      tagCount++
      if (repositories.size < limits.shown) repositories.add(one.repository)
      if (tags.length < limits.shown) tags.push(one)
    }
    if (page.length < limits.page) return { tags, tagCount, repositories: [...repositories], isWhole: true }
    ;[after, seen] = [page.at(-1)!.id, seen + page.length]
  }
  return { tags, tagCount, repositories: [...repositories], isWhole: false }
}

/** The permissions any of which lets somebody do it. */
const needed: Record<Protected, readonly string[]> = {
  push: ['repository:push', 'tag:create', 'artifact:create'],
  overwrite: ['repository:push', 'artifact:create'],
  delete: ['repository:delete', 'artifact:delete', 'tag:delete'],
}

/** Whether somebody may do it today in one of the repositories, and the rule would refuse it there. */
function loses(holder: Holder, rule: Rule, action: Protected, repositories: string[]): boolean {
  const places = repositories.length === 0 ? [undefined] : repositories
  return places.some((place) => {
    const here = holder.sources.filter((one) => one.repositories === '' || takesPlace(one.repositories, place))
    const may = here.some(({ permissions }) => needed[action].some((one) => allows(permissions, one)))
    const roleIds = here.flatMap(({ roleId }) => roleId ?? [])
    return may && !isAllowed(rule, { roleIds, ...(holder.kind === 'robot' ? { robotId: holder.id } : {}) })
  })
}

const takesPlace = (pattern: string, place: string | undefined) => place === undefined || matcherOf(pattern)(place)
const allows = (permissions: ReadonlySet<string>, text: string) => {
  const at = text.indexOf(':')
  return holds(permissions, text.slice(0, at), text.slice(at + 1))
}
