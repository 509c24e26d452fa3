import { getConfigurations } from '../../../../api/configurations.ts'
import type { PageProps } from '../../lib/page.ts'
import { useApi } from '../../lib/query.ts'
import { PageHeader } from '../../ui/header.tsx'
import { ErrorState } from '../../ui/problem.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import { AcceptedCves } from './cves.tsx'
import { ItemForm } from './item-form.tsx'
import { parts, type Part } from './items.ts'
import { Scores } from './scores.tsx'
import { SignIn } from './sign-in.tsx'
import { Templates } from './templates.tsx'
import { words } from './words.ts'

const others = { 'sign-in': SignIn, 'cves': AcceptedCves, 'scores': Scores, 'templates': Templates } as const
const tabs = ['access', 'sign-in', 'system', 'audit', 'cves', 'scores', 'templates'] as const
type Tab = (typeof tabs)[number]

/** What administrators change while Marina runs, by parts. */
export default function Settings({ params: { part } }: PageProps<'part'>) {
  const tab = tabs.find((one) => one === part) ?? 'access'
  return (
    <>
      <PageHeader title={words().title} about={words().about} />
      <Tabs
        label={words().title}
        tabs={tabs.map((one) => ({
          to: `/settings/${one}`,
          label: words().parts[one],
          isCurrent: one === tab,
        }))}
      />
      {isOther(tab) ? <Other tab={tab} /> : <Items key={tab} part={tab} />}
    </>
  )
}

const isOther = (tab: Tab): tab is keyof typeof others => tab in others

function Other({ tab }: { tab: keyof typeof others }) {
  const Shown = others[tab]
  return <Shown />
}

function Items({ part }: { part: Part }) {
  const found = useApi(getConfigurations, {})
  if (found.error && !found.data) return <ErrorState error={found.error} onRetry={found.refresh} />
  if (!found.data) return <div class="page-loading" aria-busy="true" />
  return <ItemForm items={parts[part]} now={found.data} />
}
