import type { Static } from 'typebox'
import * as api from '../../api/artifacts.ts'
import { listAllRepositories } from '../../api/repositories.ts'
import { artifactName, parseRepository } from '../lib/names.ts'
import { chooseOldTags } from '../lib/old-tags.ts'
import { Problem, wrongUsage } from '../lib/problem.ts'
import { openProgress } from '../lib/progress.ts'
import { count, several } from '../lib/text.ts'
import type { Call, Verb } from '../lib/verb.ts'

/** A tag with the artifact that it names: it is taken away only while it names this one. */
type Tag = Static<typeof api.Tag> & { digest: string }
/** `spared`: old enough, but immutable. */
type Old = { repository: string; all: number; going: Tag[]; spared: Tag[] }

type Given = { days: string; keep: string; name?: string }

/** `marina tags clean`: looks at the tags of all repositories, says which are old, asks, and takes them away. */
export const clean: Verb<Given> = {
  name: 'clean',
  about: 'take old tags away, but for the newest of each repository; their artifacts stay',
  options: [
    { flags: '-d, --days <days>', about: 'keep tags that were pushed less than so many days ago', isRequired: true },
    { flags: '-m, --keep <tags>', about: 'of the older ones, keep so many in each repository', isRequired: true },
    { flags: '-n, --name <repository>', about: 'only in this one', complete: 'repository' },
  ],
  asksFirst: true,
  examples: [
    [
      'marina tags clean -d 30 -m 5 --dry-run',
      'which tags are older than 30 days, and not among the newest 5 of these',
    ],
    ['marina tags clean -d 30 -m 5 -n team/app --yes', 'of one repository, in a script'],
  ],
  async run({ days, keep, name }, call) {
    const rule = { days: parseNumber('--days', days), keep: parseNumber('--keep', keep) }
    const names = name === undefined ? await listNames(call) : [name]
    const found = await look(call, names, rule)
    const old = found.filter(({ going }) => going.length > 0)
    const spared = found.reduce((sum, one) => sum + one.spared.length, 0)
    if (spared > 0) call.out.remark(`${count(spared, 'old tag')} will stay: immutable`)
    if (old.length === 0) return call.out.remark(`no tag is to go, of ${count(names.length, 'repository')}`)
    if (await call.confirm(describe(old), 'Go on?')) await takeAway(old, call)
  },
}

function parseNumber(option: string, text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw wrongUsage(`${option} is a whole number, not ${text}`)
  return Number(text)
}

const listNames = async ({ pages }: Call): Promise<string[]> =>
  (await pages(listAllRepositories, { query: { sort: 'name' } }, 0)).rows.map(({ name }) => name)

async function look(call: Call, names: string[], rule: { days: number; keep: number }): Promise<Old[]> {
  const progress = openProgress('looking', process.env)
  const found: Old[] = []
  try {
    for (const [at, name] of names.entries()) {
      progress.show({ done: at, total: names.length, text: '' })
      found.push(await lookAt(call, name, rule))
    }
  } finally {
    progress.end()
  }
  return found
}

async function lookAt({ pages }: Call, repository: string, rule: { days: number; keep: number }): Promise<Old> {
  const query = { with_tag: true, with_immutable_status: true, q: 'tags=*' }
  const { rows } = await pages(api.listArtifacts, { params: parseRepository(repository), query }, 0)
  const all = rows.flatMap(({ tags = [], digest }) => tags.map((tag) => ({ ...tag, digest })))
  const old = chooseOldTags(all, rule, new Date())
  const [going, spared] = [old.filter(({ immutable }) => !immutable), old.filter(({ immutable }) => immutable)]
  return { repository, all: all.length, going, spared }
}

function describe(old: Old[]): string[] {
  const total = old.reduce((sum, { going }) => sum + going.length, 0)
  return [
    ...old.map(
      ({ repository, all, going }) =>
        `${repository}: ${going.length} of ${count(all, 'tag')} will go: ${several(going.map(({ name }) => name))}`,
    ),
    `${count(total, 'tag')} of ${count(old.length, 'repository')} will be taken away; their artifacts stay`,
  ]
}

/** A tag that is refused stays and stops no other one. */
async function takeAway(old: Old[], { client, out }: Call): Promise<void> {
  const refused: string[] = []
  for (const { repository, going } of old) {
    for (const { name, digest } of going) {
      const full = artifactName(repository, name)
      const params = { ...parseRepository(repository), reference: digest, tag_name: name }
      try {
        await client(api.deleteTag, { params })
        await out.done(`deleted tag ${full}`, full)
      } catch (error) {
        refused.push(`${full} stays: ${(error as Error).message}`)
      }
    }
  }
  out.remark('They can be restored for a time: marina trash list <project>.')
  out.remark('Artifacts that have no tag left go with marina gc run --delete-untagged.')
  if (refused.length > 0) throw new Problem(several(refused), { wayOut: 'the other tags are taken away' })
}
