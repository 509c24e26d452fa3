import type { Static } from 'typebox'
import type { PreheatPreview } from '../../../../api/preheat.ts'
import type { Reader } from '../../../catalog/reader.ts'
import type { Db } from '../../../platform/db/db.ts'
import type { Filter } from '../policies/policy.ts'
import { chosenBy, judge, listRepositoriesAfter, listTagsAfter, page } from './candidates.ts'

type Preview = Static<typeof PreheatPreview>

/** What a run with these filters would preheat in a project, after a look at `limit` tags at most. */
export async function preview(
  reader: Reader & { db: Db },
  projectId: number,
  filters: readonly Filter[],
  limit: number,
): Promise<Preview> {
  const chosen = await chosenBy(reader, projectId, filters)
  const images: Preview['images'] = []
  let left = limit
  for await (const { repository, tags } of tagsOf(reader.db, projectId)) {
    const some = tags.slice(0, left)
    for (const { tag, digest, reason } of await judge(reader, chosen, { repository, projectId }, some)) {
      const action = reason === undefined ? 'preheat' : 'skip'
      images.push({ repository: repository.name, tag, digest, action, ...(reason === undefined ? {} : { reason }) })
    }
    if (tags.length > left) return previewOf(images, false)
    left -= tags.length
  }
  return previewOf(images, true)
}

function previewOf(images: Preview['images'], isComplete: boolean): Preview {
  const count = images.filter(({ action }) => action === 'preheat').length
  return { is_complete: isComplete, preheat: count, skip: images.length - count, images }
}

/** The tags of all images of a project, page by page. */
async function* tagsOf(db: Db, projectId: number) {
  for (let from = 0; ;) {
    const repositories = await listRepositoriesAfter(db, projectId, from)
    for (const repository of repositories) {
      for (let after = ''; ;) {
        const tags = await listTagsAfter(db, repository.id, after)
        if (tags.length > 0) yield { repository, tags }
        if (tags.length < page) break
        after = tags.at(-1)!.tag
      }
    }
    if (repositories.length < page) return
    from = repositories.at(-1)!.id
  }
}
