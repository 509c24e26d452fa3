import { useState } from 'preact/hooks'
import type { AnswerOf } from '../../../../api/operation.ts'
import { previewTagProtection } from '../../../../api/tag-protection.ts'
import { useAction } from '../../lib/action.ts'
import { send } from '../../lib/api.ts'
import { showCount } from '../../lib/show.ts'
import { Button } from '../../ui/button.tsx'
import { Problem } from '../../ui/problem.tsx'
import { bodyOf, type Chosen } from './protection.ts'
import { protectionWords as words } from './protection-words.ts'

type Preview = AnswerOf<typeof previewTagProtection>

/** Says on demand what the rule of the form around it would refuse. */
export function PreviewProtection({ project, chosen }: { project: string; chosen: Chosen }) {
  const [found, setFound] = useState<Preview | undefined>(undefined)
  const work = useAction(async (form: HTMLFormElement) => {
    const values = Object.fromEntries(new FormData(form)) as Record<string, string>
    const body = bodyOf({ ...values, name: values['name']?.trim() || 'preview' }, chosen)
    setFound((await send(previewTagProtection, { params: { project_name_or_id: project }, body })).body)
  })
  return (
    <div class="try-rules">
      <div class="row">
        <Button icon="play" isBusy={work.isRunning} onClick={(event) => void work.run(event.currentTarget.form!)}>
          {words().preview}
        </Button>
      </div>
      {work.error && <Problem error={work.error} />}
      <div role="status">{found && <Shown preview={found} />}</div>
    </div>
  )
}

/** So many of the tags and of the refused ones are named. */
const most = 10

function Shown({ preview: { tag_count: count, tags, refused, refused_count: refusedCount } }: { preview: Preview }) {
  return (
    <>
      <p>{words().tagCount(showCount(count))}</p>
      {count > 0 && (
        <p class="quiet-text wrap-text">
          {tags
            .slice(0, most)
            .map((one) => `${one.repository}:${one.tag}`)
            .join(', ')}
          {count > most && `, ${words().andMore}`}
        </p>
      )}
      <p>{refusedCount === 0 ? words().refusesNobody : words().refuses(refusedCount)}</p>
      {refusedCount > 0 && (
        <ul class="sentences">
          {refused.slice(0, most).map((one) => (
            <li key={`${one.entity_type} ${one.entity_id}`} class="wrap-text">
              <strong>{one.entity_name}</strong>:{' '}
              {one.actions.map((action) => words().actions[action] ?? action).join(', ')}
            </li>
          ))}
          {refusedCount > most && <li class="quiet-text">{words().andMore}</li>}
        </ul>
      )}
    </>
  )
}
