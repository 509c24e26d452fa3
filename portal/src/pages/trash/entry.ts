import type { AnswerOf } from '../../../../api/operation.ts'
import { restoreTrash, type listTrash } from '../../../../api/trash.ts'
import { send } from '../../lib/api.ts'
import { shortDigest } from '../../lib/format.ts'
import { navigate } from '../../lib/location.ts'
import { artifactPlace, repositoryPlace, splitRepository } from '../../lib/places.ts'
import { forget } from '../../lib/query.ts'
import { showBytes } from '../../lib/show.ts'
import { toast } from '../../ui/toasts.tsx'
import { words } from './words.ts'

export type Entry = AnswerOf<typeof listTrash>[number]

/** `apps/web:1.0`, `apps/web@sha256:…` or `apps/web`: without the project. */
export function nameOf({ repository_name: whole, tag, digest, kind }: Entry): string {
  const { repository } = splitRepository(whole)
  if (kind === 'tag') return `${repository}:${tag ?? ''}`
  return kind === 'artifact' ? `${repository}@${shortDigest(digest ?? '')}` : repository
}

/** Takes a deletion back. What the project holds is asked again. */
export async function restore(project: string, { id }: Entry): Promise<void> {
  await send(restoreTrash, { params: { project_name_or_id: project, trash_id: id } })
  forget(`/projects/${project}`)
}

/** Tells that something is back, with the way to it. */
export function tellRestored(entry: Entry): void {
  const { project, repository } = splitRepository(entry.repository_name)
  const place =
    entry.kind === 'repository' || entry.digest === undefined
      ? repositoryPlace(project, repository)
      : artifactPlace(project, repository, entry.digest)
  toast(words().restored(nameOf(entry)), { act: { label: words().open, run: () => navigate(place) } })
}

/** What comes back: how many artifacts, and how many tags (the API names a hundred at most). */
export function bringsOf({ artifacts, tags }: Entry): string {
  const named = tags.length === 0 ? words().noTags : tags.length < 100 ? words().tags(tags.length) : words().manyTags
  return artifacts === 0 ? named : `${words().artifacts(artifacts)}, ${named}`
}

/** How many bytes come back with it, and how many its end would free instead. */
export const bytesOf = ({ size = 0, exclusive = 0 }: Entry): string =>
  words().bytes(showBytes(size), showBytes(exclusive))
