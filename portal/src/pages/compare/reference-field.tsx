import { listRepositoryTags } from '../../../../api/tags.ts'
import { send } from '../../lib/api.ts'
import { shortDigest } from '../../lib/format.ts'
import { changeQuery } from '../../lib/location.ts'
import { likeQ } from '../../lib/q.ts'
import { Combobox, type Option } from '../../ui/combobox.tsx'
import { words } from './words.ts'

type ReferenceProps = { project: string; repository: string; label: string; value: string; name: 'a' | 'b' }

/** Chooses one side of a comparison: a tag from the list, or a digest. */
export function ReferenceField({ project, repository, label, value, name }: ReferenceProps) {
  const find = async (text: string, signal: AbortSignal): Promise<Option[]> => {
    if (/^sha\d+:[0-9a-f]{32,}$/.test(text.trim())) return [{ value: text.trim(), label: shortDigest(text.trim()) }]
    const q = text.trim() === '' ? {} : { q: likeQ('name', text) }
    const query = { repository, page_size: 10, sort: '-push_time', ...q }
    const { body } = await send(listRepositoryTags, { params: { project_name: project }, query }, { signal })
    return body.map(({ name: tag, digest }) => ({ value: tag, label: tag, hint: shortDigest(digest) }))
  }
  return (
    <div class="side">
      <span class="side-label" aria-hidden="true">
        {label}
      </span>
      <Combobox
        label={`${label}: ${words().pick}`}
        placeholder={words().pick}
        initial={shortDigest(value)}
        find={find}
        onPick={(one) => changeQuery({ [name]: one.value, platform: undefined }, { replace: false })}
      />
    </div>
  )
}
