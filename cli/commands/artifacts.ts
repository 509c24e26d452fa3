import type { Static } from 'typebox'
import * as api from '../../api/artifacts.ts'
import { eachOf } from '../lib/each.ts'
import { artifactName, parseArtifact, parseRepository, splitArtifact } from '../lib/names.ts'
import type { Shape } from '../lib/output.ts'
import { wrongUsage } from '../lib/problem.ts'
import { count, several, shortDigest, size, time } from '../lib/text.ts'
import type { Argument, Call, Verb } from '../lib/verb.ts'
import { deleting, listing, showing } from '../lib/words.ts'
import { repository } from './repos.ts'

type Artifact = Static<typeof api.Artifact>

export const artifact: Argument = {
  name: 'artifact',
  about: '<project>/<name>:<tag> or <project>/<name>@<digest>',
  complete: 'artifact',
}

const tagsOf = ({ tags }: Artifact): string[] => (tags ?? []).map(({ name }) => name)

const shape: Shape<Artifact> = {
  kind: 'artifact',
  name: ({ repository_name: name, digest }) => `${name}@${digest}`,
  columns: [
    { name: 'digest', of: ({ digest }) => shortDigest(digest) },
    { name: 'tags', of: (row) => several(tagsOf(row)), shrinks: true },
    { name: 'type', of: ({ type }) => type.toLowerCase() },
    { name: 'platforms', of: platformsOf, shrinks: true },
    { name: 'size', of: (row) => size(row.size) },
    { name: 'pushed', of: (row) => time(row.push_time), style: () => 'dim' },
    { name: 'pulled', of: (row) => time(row.pull_time), style: () => 'dim' },
  ],
  fields: [
    { name: 'repository', of: (row) => row.repository_name },
    { name: 'digest', of: ({ digest }) => digest },
    { name: 'tags', of: (row) => tagsOf(row).join(', ') },
    { name: 'type', of: ({ type }) => type.toLowerCase() },
    { name: 'media type', of: (row) => row.manifest_media_type },
    { name: 'platforms', of: platformsOf },
    { name: 'size', of: (row) => size(row.size) },
    { name: 'pushed', of: (row) => time(row.push_time) },
    { name: 'pulled', of: (row) => time(row.pull_time) },
    { name: 'labels', of: ({ labels }) => labels?.map(({ name }) => name).join(', ') },
    {
      name: 'accessories',
      of: ({ accessories }) => accessories?.map(({ type, digest }) => `${type} ${shortDigest(digest)}`).join(', '),
    },
    {
      name: 'annotations',
      of: ({ annotations }) =>
        Object.entries(annotations ?? {})
          .map(([name, value]) => `${name}=${value}`)
          .join(', '),
    },
  ],
}

/** Of an index those of its parts, of an image its own. */
function platformsOf({ references, extra_attrs: extra }: Artifact): string {
  const parts = (references ?? []).map(({ platform }) => platform).filter((one) => one?.os !== 'unknown')
  const own =
    extra['os'] === undefined ? [] : [{ os: extra['os'] as string, architecture: extra['architecture'] as string }]
  const all: ({ os?: string; architecture?: string; variant?: string } | undefined)[] = parts.length > 0 ? parts : own
  const names = all.map((one) => [one?.os, one?.architecture, one?.variant].filter(Boolean).join('/'))
  return [...new Set(names)].filter(Boolean).join(', ')
}

const list = listing({
  operation: api.listArtifacts,
  shape,
  about: 'list the artifacts of a repository, newest first',
  arguments: [repository],
  examples: [
    ['marina artifacts list team/app', 'with their tags and platforms'],
    ["marina artifacts list team/app -q 'tags=nil'", 'those without a tag'],
    ['marina artifacts list team/app --sort -size --limit 5', 'the largest'],
  ],
  call: ({ repository: name }: { repository: string }) => ({
    params: parseRepository(name),
    query: { with_tag: true },
  }),
})

const show = showing({
  operation: api.getArtifact,
  shape,
  about: 'show an artifact with its tags, labels and accessories',
  arguments: [artifact],
  examples: [['marina artifacts show team/app:1.0', 'by its tag']],
  call: ({ artifact: name }: { artifact: string }) => ({
    params: parseArtifact(name),
    query: { with_tag: true, with_label: true, with_accessory: true },
  }),
})

const remove = deleting({
  operation: api.deleteArtifact,
  kind: 'artifact',
  about: 'delete artifacts with all their tags, and what belongs to them',
  arguments: [{ ...artifact, name: 'artifacts', isMany: true }],
  examples: [
    ['marina artifacts delete team/app:1.0', 'with every tag of the same artifact; asks first'],
    ['marina artifacts delete team/app@sha256:... --yes', 'by its digest, in a script'],
  ],
  find: ({ artifacts }: { artifacts: string[] }, call) =>
    eachOf(artifacts, async (name) => ({
      name,
      says: await describe(name, call),
      call: { params: parseArtifact(name) },
    })),
  wayBack:
    'marina trash list <project> shows how long they can be restored. marina tags delete takes a single tag away.',
})

/** What goes with an artifact: all of its tags, signatures and so on. */
async function describe(name: string, { client }: Call): Promise<string> {
  const query = { with_tag: true, with_accessory: true, with_immutable_status: true }
  const { body } = await client(api.getArtifact, { params: parseArtifact(name), query })
  const accessories = body.accessories?.length ?? 0
  const tags = tagsOf(body)
  const parts = [
    `artifact ${artifactName(body.repository_name, body.digest)} (${size(body.size)}) will be deleted`,
    tags.length === 0 ? 'it has no tag' : `with ${count(tags.length, 'tag')}: ${several(tags)}`,
    ...(accessories === 0 ? [] : [`with ${count(accessories, 'accessory')} (signatures, SBOMs, ...)`]),
  ]
  return parts.join('; ')
}

const copy: Verb<{ from: string; to: string }> = {
  name: 'copy',
  aliases: ['cp'],
  about: 'copy an artifact to another repository of this server, with its parts and what belongs to it',
  arguments: [
    { ...artifact, name: 'from' },
    { ...repository, name: 'to' },
  ],
  examples: [
    ['marina artifacts copy team/app:1.0 released/app', 'a tag keeps its name'],
    ['marina artifacts copy team/app@sha256:... released/app', 'by digest, with all its tags'],
  ],
  async run({ from, to }, call) {
    await copyArtifact(call, from, to)
  },
}

/** Copies on the server, without a byte through this machine. The target is a repository alone. */
export async function copyArtifact({ client, out }: Call, from: string, to: string): Promise<void> {
  const { repository: target, reference } = splitArtifact(to)
  const { reference: source } = parseArtifact(from)
  if (reference !== undefined && reference !== source)
    throw wrongUsage('a copy keeps its tag: name the target without one', `marina artifacts copy ${from} ${target}`)
  await client(api.copyArtifact, { params: parseRepository(target), query: { from } })
  const made = artifactName(target, source)
  await out.done(`copied ${from} to ${made}`, made)
}

export const verbs: Verb[] = [list, show, remove, copy]
