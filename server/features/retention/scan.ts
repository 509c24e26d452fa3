import { projectOf, type RepositoryName } from '../../../oci/reference.ts'
import { findProjectById } from '../../catalog/project.ts'
import type { Reader } from '../../catalog/reader.ts'
import { compileSelection } from '../../catalog/selector.ts'
import type { Queryable } from '../../platform/db/db.ts'
import { findRunning } from '../deployments/index.ts'
import { findImmutable } from '../immutability/index.ts'
import { findProtections, isAbout } from '../tag-protection/index.ts'
import { loadCandidates } from './load.ts'
import { countOf, plan, type Counts, type Outcome, type PlanContext } from './plan.ts'
import type { RuleSet } from './rules.ts'
import { listProjectsAfter, listRepositoriesOf, type RepositoryRow } from './store.ts'
import type { Policy } from './policy.ts'

/** The repository's name without its project's, as patterns of rules see it. */
export const shortName = (name: RepositoryName): string => name.slice(projectOf(name).length + 1)

/** What a plan of one repository depends on. */
export async function contextOf(reader: Reader, { id, projectId }: RepositoryRow, now: Date): Promise<PlanContext> {
  const isImmutable = await findImmutable(reader, projectId)
  const protections = (await findProtections(reader, projectId)).filter(({ actions }) => actions.includes('delete'))
  const running = await findRunning(reader.db, id)
  return {
    now,
    isImmutable: isImmutable ?? (() => false),
    protectedBy: (repository, tag) => protections.find((rule) => isAbout(rule, repository, tag))?.name,
    runsAt: (digest) => running.get(digest),
  }
}

/** Plans one repository as it is now. It changes nothing. */
export async function planRepository(
  reader: Reader,
  repository: RepositoryRow,
  ruleSet: RuleSet,
  now: Date,
): Promise<Outcome[]> {
  return plan({
    repository: shortName(repository.name),
    candidates: await loadCandidates(reader.db, repository.id),
    ruleSet,
    ...(await contextOf(reader, repository, now)),
  })
}

const page = 500

/** All repositories of a project, by id, after a cursor. */
export async function* repositoriesOf(db: Queryable, projectId: number, from = 0): AsyncGenerator<RepositoryRow> {
  for (let after = from; ;) {
    const rows = await listRepositoriesOf(db, projectId, after, page)
    yield* rows
    if (rows.length < page) return
    after = rows.at(-1)!.id
  }
}

/** The projects that a policy is for: its own, or those that a policy of the system chooses. */
export async function* projectsOf(
  db: Queryable,
  policy: Policy,
  from = 0,
): AsyncGenerator<{ id: number; name: string }> {
  if (policy.projectId !== null) {
    const project = policy.projectId > from ? await findProjectById(db, policy.projectId) : undefined
    if (project) yield project
    return
  }
  for (let after = from; ;) {
    const rows = await listProjectsAfter(db, after, page)
    yield* rows.filter((project) => isFor(policy, project))
    if (rows.length < page) return
    after = rows.at(-1)!.id
  }
}

/** Whether a policy of the system is for a project. */
export function isFor(policy: Policy, { name, hasOwn }: { name: string; hasOwn: boolean }): boolean {
  if (hasOwn && !policy.alsoWithOwn) return false
  return compileSelection({ repositories: policy.projects, tags: [] }).takesRepository(name)
}

/** Whether an enabled rule selects the repository: Harbor has a task for each of these. */
export function selectorOf({ rules }: RuleSet): (repository: string) => boolean {
  const compiled = rules
    .filter(({ isDisabled }) => !isDisabled)
    .map(({ repositories }) => compileSelection({ repositories, tags: [] }))
  return (repository) => compiled.some((one) => one.takesRepository(repository))
}

/** Counts what a run would delete in a project, one repository after the other. */
export async function measureProject(
  reader: Reader,
  projectId: number,
  ruleSet: RuleSet,
  now: Date,
  signal: AbortSignal,
): Promise<Counts> {
  const sum: Counts = { artifacts: 0, tags: 0, droppedArtifacts: 0, droppedTags: 0 }
  for await (const repository of repositoriesOf(reader.db, projectId)) {
    signal.throwIfAborted()
    const counts = countOf(await planRepository(reader, repository, ruleSet, now))
    for (const name of Object.keys(sum) as (keyof Counts)[]) sum[name] += counts[name]
  }
  return sum
}

/** Percent of a project's tags that would go, rounded up: 100 only when all do. */
export function shareOf({ tags, droppedTags }: Pick<Counts, 'tags' | 'droppedTags'>): number {
  return tags === 0 ? 0 : Math.min(Math.ceil((droppedTags / tags) * 100), droppedTags === tags ? 100 : 99)
}
