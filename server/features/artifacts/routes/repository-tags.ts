import type { Static } from 'typebox'
import * as api from '../../../../api/tags.ts'
import type { Project } from '../../../catalog/project.ts'
import { listing } from '../../../platform/db/listing.ts'
import { demandIn, route, type ApiRoute } from '../../access/index.ts'
import { findImmutable } from '../../immutability/index.ts'
import { findLabels, presentLabel } from '../../labels/index.ts'
import { getRepositoryOf } from '../../repositories/index.ts'
import type { TagRow } from '../store.ts'
import { listTagsOf, tagFields, tagOrder } from '../tag-lists.ts'
import { platformsOf, presentTag } from '../wire.ts'
import type { Parts } from './shared.ts'

/** Tags as rows: five reads for a page, however many tags it has. */
export function repositoryTagsRoute({ reader, artifacts }: Pick<Parts, 'reader' | 'artifacts'>): ApiRoute {
  return route(api.listRepositoryTags, { project: 'tag', verb: 'list', isPartly: true }, async (of) => {
    const { project, query } = of
    demandIn(of, query.repository, 'tag', 'list')
    const asked = listing(tagFields, query, tagOrder)
    const repository = await getRepositoryOf(reader, project, query.repository)
    const { rows, total } = await listTagsOf(reader.db, repository.id, asked)
    return { rows: await present(project, repository.name, rows), total }
  })

  async function present(project: Project, name: string, tags: TagRow[]): Promise<Static<typeof api.RepositoryTag>[]> {
    const found = await artifacts.list([...new Set(tags.map(({ artifactId }) => artifactId))])
    const [held, labels, isImmutable] = await Promise.all([
      artifacts.listHeld(found),
      findLabels(
        reader,
        found.flatMap(({ labelIds }) => labelIds),
      ),
      findImmutable(reader, project.id),
    ])
    const byId = new Map(found.map((one) => [one.id, one]))
    return tags.flatMap((tag) => {
      const artifact = byId.get(tag.artifactId)
      // Deleted since the page was read.
      if (!artifact) return []
      return {
        ...presentTag(tag, project, name, isImmutable),
        digest: artifact.digest,
        type: artifact.type,
        size: artifact.size,
        platforms: platformsOf(artifact),
        accessories: [...new Set((held.get(artifact.id) ?? []).map(({ type }) => type))],
        labels: artifact.labelIds.flatMap((id) => labels.get(id) ?? []).map(presentLabel),
      }
    })
  }
}
