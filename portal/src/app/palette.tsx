import { useRef } from 'preact/hooks'
import { findArtifacts } from '../../../api/find.ts'
import { search } from '../../../api/search.ts'
import { language, languages, speak, type Language } from '../i18n/language.ts'
import { send } from '../lib/api.ts'
import { shortDigest } from '../lib/format.ts'
import { hrefOf, navigate, place } from '../lib/location.ts'
import { artifactPlace, projectPlace, repositoryPlace, splitRepository } from '../lib/places.ts'
import { signOut, user } from '../lib/session.ts'
import { theme, themes } from '../lib/theme.ts'
import { Combobox, type Option } from '../ui/combobox.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { mayOpen } from './page-view.tsx'
import { pages } from './pages.ts'
import { words } from './words.ts'

/** Rows of each kind that are shown. */
const most = 6

/** An option, and what choosing it does. */
type Choice = Option & { run(): void }

/** Goes to a page, a project, a repository or an artifact by a part of its name, or does something. */
export function Palette({ onClose }: { onClose(): void }) {
  const choices = useRef<Choice[]>([])
  return (
    <Dialog title={words().search} onClose={onClose} shape="top">
      <Combobox
        label={words().searchHint}
        placeholder={words().searchHint}
        autofocus
        find={async (text, signal) => {
          choices.current = await find(text.trim(), signal)
          return choices.current
        }}
        onPick={({ value }) => {
          onClose()
          choices.current.find((one) => one.value === value)?.run()
        }}
      />
    </Dialog>
  )
}

const to = (target: string, label: string, hint: string): Choice => ({
  value: target,
  label,
  hint,
  run: () => navigate(target),
})

async function find(text: string, signal: AbortSignal): Promise<Choice[]> {
  const wanted = text.toLowerCase()
  const named = [...pageChoices(), ...actionChoices()].filter(({ label }) => label.toLowerCase().includes(wanted))
  if (text === '') return named
  const everything = to(`/search?q=${encodeURIComponent(text)}`, words().searchFor(text), words().page)
  const [names, artifacts] = await Promise.all([
    send(search, { query: { q: text.slice(0, 255) } }, { signal }),
    send(findArtifacts, { query: { q: text.slice(0, 128) } }, { signal }),
  ])
  const projects = names.body.project.slice(0, most).map(({ name }) => to(projectPlace(name), name, words().project))
  const repositories = names.body.repository.slice(0, most).map(({ repository_name: name }) => {
    const { project, repository } = splitRepository(name)
    return to(repositoryPlace(project, repository), name, words().repository)
  })
  const found = artifacts.body.slice(0, most).map(({ repository_name: name, digest, tag }) => {
    const { project, repository } = splitRepository(name)
    const target = artifactPlace(project, repository, digest)
    return tag === undefined
      ? to(target, `${name}@${shortDigest(digest)}`, words().artifact)
      : to(`${target}?tag=${tag}`, `${name}:${tag}`, words().artifact)
  })
  return [...named.slice(0, most), ...projects, ...repositories, ...found, everything]
}

const pageChoices = (): Choice[] =>
  pages
    .filter((page) => page.nav && !page.path.includes(':') && mayOpen(page))
    .map((page) => to(page.path, page.nav![language.value], words().page))

function actionChoices(): Choice[] {
  const act = (value: string, label: string, run: () => void): Choice => ({ value, label, hint: words().action, run })
  const looks = themes
    .filter((one) => one !== theme.value)
    .map((one) =>
      act(`theme ${one}`, `${words().theme}: ${words().themes[one]}`, () => {
        theme.value = one
      }),
    )
  const spoken = (Object.keys(languages) as Language[])
    .filter((one) => one !== language.value)
    .map((one) => act(`language ${one}`, `${words().language}: ${languages[one]}`, () => speak(one)))
  const door = user.value
    ? act('sign out', words().signOut, () => void signOut('/login'))
    : act('sign in', words().signIn, () => navigate(`/login?next=${encodeURIComponent(place.value)}`))
  const api = act('api', words().api, () => location.assign(hrefOf('/devcenter-api-2.0')))
  return [...looks, ...spoken, api, door]
}
