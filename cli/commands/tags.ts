import type { Static } from 'typebox'
import * as api from '../../api/artifacts.ts'
import { eachOf } from '../lib/each.ts'
import { artifactName, parseArtifact, parseRepository, splitArtifact } from '../lib/names.ts'
import type { Shape } from '../lib/output.ts'
import { parseLimit } from '../lib/pages.ts'
import { exitCodes, Problem, wrongUsage } from '../lib/problem.ts'
import { count, several, shortDigest, size, time, yesNo } from '../lib/text.ts'
import type { Argument, Call, Verb } from '../lib/verb.ts'
import { deleting, limitOption } from '../lib/words.ts'
import { artifact, copyArtifact } from './artifacts.ts'
import { repository } from './repos.ts'
import { clean } from './tags-clean.ts'

/** A tag of the API with what its artifact says. */
type Row = Static<typeof api.Tag> & { repository_name: string; digest: string; size: number }

const tag: Argument = { name: 'tag', about: '<project>/<name>:<tag>', complete: 'artifact' }

const shape: Shape<Row> = {
  kind: 'tag',
  name: (row) => artifactName(row.repository_name, row.name),
  columns: [
    { name: 'tag', of: ({ name }) => name, shrinks: true },
    { name: 'digest', of: ({ digest }) => shortDigest(digest) },
    { name: 'size', of: (row) => size(row.size) },
    { name: 'immutable', of: ({ immutable }) => yesNo(immutable) },
    { name: 'pushed', of: (row) => time(row.push_time), style: () => 'dim' },
    { name: 'pulled', of: (row) => time(row.pull_time), style: () => 'dim' },
  ],
  fields: [
    { name: 'repository', of: (row) => row.repository_name },
    { name: 'tag', of: ({ name }) => name },
    { name: 'digest', of: ({ digest }) => digest },
    { name: 'size', of: (row) => size(row.size) },
    { name: 'immutable', of: ({ immutable }) => yesNo(immutable) },
    { name: 'pushed', of: (row) => time(row.push_time) },
    { name: 'pulled', of: (row) => time(row.pull_time) },
  ],
}

const wanted = { with_tag: true, with_immutable_status: true }

const list: Verb<{ repository: string; match?: string; limit: string }> = {
  name: 'list',
  aliases: ['ls'],
  about: 'list the tags of a repository, newest artifacts first',
  arguments: [repository],
  options: [{ flags: '--match <part>', about: 'only tags with this in their names' }, limitOption(0)],
  examples: [
    ['marina tags list team/app', 'with digest, size and times'],
    ['marina tags list team/app --match 1. -o name', 'full names for docker pull'],
  ],
  async run({ repository: name, match = '', limit }, { pages, out }) {
    const query = { ...wanted, q: 'tags=*' }
    const { rows } = await pages(api.listArtifacts, { params: parseRepository(name), query }, 0)
    const tags = rows.flatMap(rowsOf).filter((one) => one.name.includes(match))
    const most = parseLimit(limit) || tags.length
    await out.rows(shape, tags.slice(0, most), tags.length)
  },
}

const rowsOf = ({ tags = [], ...one }: Static<typeof api.Artifact>): Row[] =>
  tags.map((row) => ({ ...row, repository_name: one.repository_name, digest: one.digest, size: one.size }))

const show: Verb<{ tag: string }> = {
  name: 'show',
  aliases: ['get'],
  about: 'show a tag, and which artifact it names',
  arguments: [tag],
  async run({ tag: name }, call) {
    await call.out.row(shape, await getTag(name, call))
  },
}

async function getTag(text: string, { client }: Call): Promise<Row> {
  const { reference, ...params } = parseTagName(text)
  const { body } = await client(api.getArtifact, { params: { ...params, reference }, query: wanted })
  const found = rowsOf(body).find(({ name }) => name === reference)
  if (!found) throw new Problem(`there is no tag ${text}`, { exitCode: exitCodes.absent })
  return found
}

function parseTagName(text: string): ReturnType<typeof parseArtifact> {
  if (text.includes('@')) throw wrongUsage(`${text} names a digest, not a tag`, 'marina artifacts takes digests')
  return parseArtifact(text)
}

const create: Verb<{ artifact: string; tag: string }> = {
  name: 'create',
  aliases: ['add'],
  about: 'give an artifact one more tag',
  arguments: [artifact, { name: 'tag', about: 'the new tag' }],
  examples: [
    ['marina tags create team/app:1.0 stable', 'both name the same artifact'],
    ['marina tags create team/app@sha256:... 1.0', 'for one without a tag'],
  ],
  async run({ artifact: name, tag: added }, call) {
    await addTag(call, name, added)
  },
}

async function addTag({ client, out }: Call, artifactText: string, name: string): Promise<void> {
  await client(api.createTag, { params: parseArtifact(artifactText), body: { name } })
  const made = artifactName(splitArtifact(artifactText).repository, name)
  await out.done(`${made} now names what ${artifactText} names`, made)
}

const copy: Verb<{ from: string; to: string }> = {
  name: 'copy',
  aliases: ['cp'],
  about: 'copy a tag: to another name in its repository, or to another repository',
  arguments: [
    { ...tag, name: 'from' },
    { name: 'to', about: ':<tag>, <project>/<name>:<tag> or <project>/<name>', complete: 'repository' },
  ],
  examples: [
    ['marina tags copy team/app:1.0 :stable', 'another name in the same repository'],
    ['marina tags copy team/app:1.0 released/app', 'the same name in another repository, with its artifact'],
  ],
  async run({ from, to }, call) {
    parseTagName(from)
    const { repository: source } = splitArtifact(from)
    const { repository: target, reference } = splitArtifact(to.startsWith(':') ? `${source}${to}` : to)
    if (target === source && reference !== undefined) return addTag(call, from, reference)
    await copyArtifact(call, from, to)
  },
}

const remove = deleting({
  operation: api.deleteTag,
  kind: 'tag',
  about: 'take tags away; their artifacts stay',
  arguments: [{ ...tag, name: 'tags', isMany: true }],
  examples: [
    ['marina tags delete team/app:test', 'asks first'],
    ['marina tags list team/app --match pr- -o name | xargs marina tags delete --yes', 'many at once'],
  ],
  find: ({ tags }: { tags: string[] }, call) =>
    eachOf(tags, async (name) => {
      const { reference, ...params } = parseTagName(name)
      return { name, says: await describe(name, call), call: { params: { ...params, reference, tag_name: reference } } }
    }),
  wayBack: 'They can be restored for a time: marina trash list <project>.',
})

async function describe(text: string, { client }: Call): Promise<string> {
  const { body } = await client(api.getArtifact, { params: parseTagName(text), query: wanted })
  const others = (body.tags ?? []).map(({ name }) => name).filter((name) => !text.endsWith(`:${name}`))
  const left =
    others.length === 0 ? 'has no other tag' : `keeps ${count(others.length, 'other tag')}: ${several(others)}`
  return `tag ${text} will be taken away; its artifact ${shortDigest(body.digest)} stays and ${left}`
}

export const verbs: Verb[] = [list, show, create, copy, remove, clean]
