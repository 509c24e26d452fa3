import { search } from '../../../api/search.ts'
import { language } from '../i18n/language.ts'
import { send } from '../lib/api.ts'
import { navigate } from '../lib/location.ts'
import { fillPath } from '../lib/routes.ts'
import { Combobox, type Option } from '../ui/combobox.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { mayOpen } from './page-view.tsx'
import { pages } from './pages.ts'
import { words } from './words.ts'

/** Rows of each kind that are shown. */
const most = 6

/** Goes to a page, a project or a repository by a part of its name. */
export function Palette({ onClose }: { onClose(): void }) {
  return (
    <Dialog title={words().search} onClose={onClose}>
      <Combobox
        label={words().searchHint}
        placeholder={words().searchHint}
        autofocus
        find={find}
        onPick={({ value }) => {
          onClose()
          navigate(value)
        }}
      />
    </Dialog>
  )
}

async function find(text: string, signal: AbortSignal): Promise<Option[]> {
  const wanted = text.trim().toLowerCase()
  const own = pages
    .filter((page) => page.nav && mayOpen(page))
    .map((page) => ({ page, label: page.nav![language.value] }))
  const named = own
    .filter(({ label }) => label.toLowerCase().includes(wanted))
    .map(({ page, label }) => ({ value: page.path, label, hint: words().page }))
  if (wanted === '') return named
  const { body } = await send(search, { query: { q: wanted } }, { signal })
  const projects = body.project.slice(0, most).map(({ name }) => ({
    value: fillPath('/p/:project', { project: name }),
    label: name,
    hint: words().project,
  }))
  const repositories = body.repository.slice(0, most).map(({ project_name: project, repository_name: name }) => ({
    value: fillPath('/p/:project/-/r/:repository*', { project, repository: name.slice(project.length + 1) }),
    label: name,
    hint: words().repository,
  }))
  return [...named.slice(0, most), ...projects, ...repositories]
}
