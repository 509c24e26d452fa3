import { useState } from 'preact/hooks'
import { updateProject } from '../../../../api/projects.ts'
import { common } from '../../i18n/common.ts'
import { useAction } from '../../lib/action.ts'
import { send } from '../../lib/api.ts'
import { forget } from '../../lib/query.ts'
import { Button } from '../../ui/button.tsx'
import { RadioCards } from '../../ui/choices.tsx'
import { Icon } from '../../ui/icon.tsx'
import { Problem } from '../../ui/problem.tsx'
import type { Project } from '../../ui/project-frame.tsx'
import { toast } from '../../ui/toasts.tsx'
import { words } from './words.ts'

/** Saves values of a project's metadata, and asks for the project again. */
async function saveMetadata(name: string, metadata: Project['metadata']): Promise<void> {
  await send(updateProject, { params: { project_name_or_id: name }, body: { metadata } })
  forget(`/projects/${name}`, '/projects?')
  toast(words().saved)
}

/** Public or private, with what a change of that means. */
export function AccessSection({ project }: { project: Project }) {
  const was = project.metadata.public === 'true' ? 'public' : 'private'
  const [access, setAccess] = useState<'public' | 'private'>(was)
  const work = useAction(() => saveMetadata(project.name, { public: String(access === 'public') }))
  return (
    <section class="card" aria-label={words().access}>
      <RadioCards
        name="access"
        label={words().access}
        hint={words().accessAbout}
        value={access}
        options={[
          { value: 'private', label: words().private, hint: words().privateHint },
          { value: 'public', label: words().public, hint: words().publicHint },
        ]}
        onPick={(one) => setAccess(one)}
      />
      {access !== was && (
        <>
          <div class="note warn" role="status">
            <Icon name={access === 'public' ? 'globe' : 'lock'} />
            <p>{access === 'public' ? words().publicWarning : words().privateWarning}</p>
          </div>
          <div class="row">
            <Button tone="main" isBusy={work.isRunning} onClick={() => void work.run()}>
              {common().save}
            </Button>
            <Button onClick={() => setAccess(was)}>{common().cancel}</Button>
          </div>
        </>
      )}
      {work.error && <Problem error={work.error} />}
    </section>
  )
}
