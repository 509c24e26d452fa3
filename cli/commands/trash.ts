import type { Static } from 'typebox'
import * as api from '../../api/trash.ts'
import { artifactName } from '../lib/names.ts'
import type { Shape } from '../lib/output.ts'
import { wrongUsage } from '../lib/problem.ts'
import { several, shortDigest, time } from '../lib/text.ts'
import type { Verb } from '../lib/verb.ts'
import { listing } from '../lib/words.ts'
import { project } from './projects.ts'

type Entry = Static<typeof api.TrashEntry>

const nameOf = ({ repository_name: repository, tag, digest }: Entry): string => {
  const reference = tag ?? digest
  return reference === undefined ? repository : artifactName(repository, reference)
}

const shape: Shape<Entry> = {
  kind: 'deletion',
  name: ({ id }) => String(id),
  columns: [
    { name: 'id', of: ({ id }) => id },
    { name: 'kind', of: ({ kind }) => kind },
    { name: 'name', of: (row) => shortDigest(nameOf(row)), shrinks: true },
    { name: 'tags', of: ({ tags }) => several(tags), shrinks: true },
    { name: 'deleted', of: (row) => time(row.deletion_time), style: () => 'dim' },
    { name: 'by', of: (row) => row.deleted_by, shrinks: true },
    { name: 'restorable until', of: (row) => time(row.expiration_time) },
  ],
}

const list = listing({
  operation: api.listTrash,
  shape,
  about: 'list what was deleted in a project and can be restored, newest first',
  arguments: [project],
  most: 100,
  examples: [['marina trash list team', 'each deletion with its id']],
  call: ({ project: name }: { project: string }) => ({ params: { project_name_or_id: name } }),
})

const restore: Verb<{ project: string; ids: string[] }> = {
  name: 'restore',
  about: 'take deletions back: tags, artifacts or repositories',
  arguments: [project, { name: 'ids', about: 'as trash list shows them', isMany: true }],
  examples: [['marina trash restore team 17', 'the image is back with its tags, labels and signatures']],
  async run({ project: name, ids }, { client, out }) {
    for (const id of ids) if (!/^\d{1,15}$/.test(id)) throw wrongUsage(`${id} is not the id of a deletion`)
    for (const id of ids) {
      const { body } = await client(api.restoreTrash, { params: { project_name_or_id: name, trash_id: Number(id) } })
      const tags = body.tags.length === 0 ? '' : ` with ${several(body.tags)}`
      await out.done(`restored the ${body.kind} ${nameOf(body)}${tags}`, String(body.id), body)
    }
  },
}

export const verbs: Verb[] = [list, restore]
