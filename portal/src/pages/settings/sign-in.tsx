import { getConfigurations } from '../../../../api/configurations.ts'
import { useApi } from '../../lib/query.ts'
import { apiUrl, canInSystem } from '../../lib/session.ts'
import { RadioCards } from '../../ui/choices.tsx'
import { CodeView } from '../../ui/code.tsx'
import { Icon } from '../../ui/icon.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import { ReceivedClaims } from './claims.tsx'
import { ItemFields, ItemsForm } from './item-form.tsx'
import { modeItem, modeNames, modes, type AnyItem, type Mode } from './items.ts'
import { TestDirectory, TestProvider } from './sign-in-tests.tsx'
import { useItems, type Draft } from './use-items.ts'
import { words } from './words.ts'

/** By which system people sign in, and how that is reached. */
export function SignIn() {
  const found = useApi(getConfigurations, {})
  if (found.error && !found.data) return <ErrorState error={found.error} onRetry={found.refresh} />
  if (!found.data) return <div class="page-loading" aria-busy="true" />
  return <SignInForm now={found.data} />
}

function SignInForm({ now }: { now: object }) {
  const draft = useItems(now)
  const mode = modeNames.find((one) => one === draft.valueOf('auth_mode')) ?? 'db_auth'
  const items: AnyItem[] = modes[mode].flatMap((section) => [...section.items])
  return (
    <>
      <ItemsForm changes={draft.changesOf([modeItem, ...items])} discard={draft.discard}>
        <ModeChoice mode={mode} draft={draft} />
        {mode === 'oidc_auth' && <Addresses />}
        {modes[mode].map((section) => (
          <section key={section.name} class="settings" aria-label={words().sections[section.name]}>
            <h2>{words().sections[section.name]}</h2>
            <ItemFields items={section.items} draft={draft} />
          </section>
        ))}
        {mode === 'ldap_auth' && <TestDirectory draft={draft} />}
        {mode === 'oidc_auth' && <TestProvider draft={draft} />}
      </ItemsForm>
      {mode === 'oidc_auth' && <ReceivedClaims />}
    </>
  )
}

function ModeChoice({ mode, draft }: { mode: Mode; draft: Draft }) {
  const isFixed = draft.isFixed('auth_mode')
  if (isFixed || !canInSystem('configuration', 'update'))
    return (
      <div>
        <h2>{words().items['auth_mode']?.[0]}</h2>
        <p>
          <strong>{words().choices[mode]}</strong> – {words().modeHints[mode]}
        </p>
        {isFixed && (
          <p class="note info">
            <Icon name="lock" /> {words().modeLocked}
          </p>
        )}
      </div>
    )
  return (
    <>
      <RadioCards
        name="auth_mode"
        label={words().items['auth_mode']?.[0] ?? ''}
        hint={words().modeHint}
        value={mode}
        options={modeNames.map((one) => ({
          value: one,
          label: words().choices[one] ?? one,
          hint: words().modeHints[one],
        }))}
        onPick={(one) => draft.change('auth_mode', one)}
      />
    </>
  )
}

/** What the provider has to be told of this Marina. */
function Addresses() {
  const own = apiUrl.value.replace(/\/api\/v2\.0$/, '')
  return (
    <div>
      <p class="tab-about">{words().registerHint}</p>
      <CodeView text={`${own}/c/oidc/callback`} label={words().callback} />
      <p class="tab-about below">{words().backChannelHint}</p>
      <CodeView text={`${own}/c/oidc/backchannel-logout`} label={words().backChannel} />
    </div>
  )
}
