import { useEffect, useState } from 'preact/hooks'
import { language, languages, speak, type Language } from '../i18n/language.ts'
import { hrefOf, iconHref, place } from '../lib/location.ts'
import { signOut, systemInfo, user } from '../lib/session.ts'
import { theme, themes } from '../lib/theme.ts'
import { Icon } from '../ui/icon.tsx'
import { Link } from '../ui/link.tsx'
import { Menu, type MenuItem } from '../ui/menu.tsx'
import { toast } from '../ui/toasts.tsx'
import { Palette } from './palette.tsx'
import { words } from './words.ts'

/** The bar at the top: the way home, search, theme, language, and who is signed in. */
export function TopBar() {
  return (
    <header class="top-bar">
      <button
        type="button"
        class="button quiet icon-alone narrow-only"
        popovertarget="navigation"
        aria-label={words().navigation}
      >
        <Icon name="menu" />
      </button>
      <Link to="/" class="brand" label="Marina">
        <img src={iconHref()} alt="" width={26} height={26} />
        <span>Marina</span>
      </Link>
      <SearchPlace />
      <Menu
        label={words().theme}
        items={themes.map((one) => ({
          label: words().themes[one],
          isChosen: theme.value === one,
          run: () => {
            theme.value = one
          },
        }))}
      >
        <Icon name={theme.value === 'dark' ? 'moon' : theme.value === 'light' ? 'sun' : 'monitor'} />
      </Menu>
      <Menu
        label={words().language}
        items={(Object.entries(languages) as [Language, string][]).map(([one, name]) => ({
          label: name,
          isChosen: language.value === one,
          run: () => speak(one),
        }))}
      >
        <Icon name="globe" />
      </Menu>
      <Account />
    </header>
  )
}

/** Opens the palette by click, or by Ctrl+K anywhere. */
function SearchPlace() {
  const [isOpen, setOpen] = useState(false)
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey)) return
      event.preventDefault()
      setOpen(true)
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [])
  return (
    <>
      <button type="button" class="search-place" onClick={() => setOpen(true)} aria-haspopup="dialog">
        <Icon name="search" />
        <span>{words().search}</span>
        <kbd>Ctrl K</kbd>
      </button>
      {isOpen && <Palette onClose={() => setOpen(false)} />}
    </>
  )
}

function Account() {
  const known = user.value
  if (!known) {
    return (
      <Link class="button main" to={`/login?next=${encodeURIComponent(place.value)}`}>
        {words().signIn}
      </Link>
    )
  }
  const leave = async () => {
    // The provider has a session of its own, which ends with this one where administrators want that.
    if (known.oidc_user_meta) return location.assign(hrefOf('/c/oidc/logout'))
    await signOut(systemInfo.value?.primary_auth_mode ? '/login?local' : '/login')
    toast(words().signedOut)
  }
  const items: (MenuItem | 'line')[] = [
    { label: words().profile, icon: 'user', to: '/profile' },
    { label: words().api, icon: 'external', to: '/devcenter-api-2.0' },
    'line',
    { label: words().signOut, icon: 'signOut', run: () => void leave() },
  ]
  return (
    <Menu label={`${words().account}: ${known.username}`} items={items} class="button quiet account">
      <Icon name="user" />
      <span class="account-name">{known.username}</span>
    </Menu>
  )
}
