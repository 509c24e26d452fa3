import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { query, withQuery } from '../../lib/location.ts'
import { useRights } from '../../lib/rights.ts'
import { showBytes, showDuration } from '../../lib/show.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Bar, Meter, Sparkline } from '../../ui/charts.tsx'
import { CodeView } from '../../ui/code.tsx'
import { Combobox, type Option } from '../../ui/combobox.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { Digest } from '../../ui/copy.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import { Field, Form, TextField } from '../../ui/form.tsx'
import { PageHeader } from '../../ui/header.tsx'
import { Icon } from '../../ui/icon.tsx'
import { icons, type IconName } from '../../ui/icons.ts'
import { Menu } from '../../ui/menu.tsx'
import { Select } from '../../ui/select.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { toast } from '../../ui/toasts.tsx'
import { Tooltip } from '../../ui/tooltip.tsx'

/** Every part that pages are made of, to look at and to test. For developers, in English alone. */
export default function Kit() {
  const tab = query.value.get('tab') ?? 'parts'
  return (
    <>
      <PageHeader
        title="Kit"
        path={[{ to: '/projects', label: 'Projects' }]}
        about="Every part that pages are made of. The recipe for a page is in docs/develop/portal.md."
        marks={<Badge tone="info">for developers</Badge>}
        actions={<Menu label="More actions" items={menuItems} />}
      />
      <Tabs
        label="Kit"
        tabs={['parts', 'icons'].map((one) => ({ to: withQuery({ tab: one }), label: one, isCurrent: tab === one }))}
      />
      {tab === 'icons' ? <Icons /> : <Parts />}
    </>
  )
}

const menuItems = [
  { label: 'Copy', icon: 'copy' as const, run: () => toast('Copied') },
  { label: 'Disabled', disabledBecause: 'You may not' },
  'line' as const,
  {
    label: 'Delete',
    icon: 'trash' as const,
    isDanger: true,
    run: () => toast('Deleted', { undo: () => toast('Back again') }),
  },
]

function Icons() {
  return (
    <ul class="kit-icons">
      {(Object.keys(icons) as IconName[]).map((name) => (
        <li key={name}>
          <Icon name={name} size={22} /> {name}
        </li>
      ))}
    </ul>
  )
}

function Section({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="card">
      <h2>{title}</h2>
      {children}
    </section>
  )
}

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`

function Parts() {
  return (
    <div class="cards">
      <Section title="Buttons">
        <div class="row">
          <Button tone="main" icon="add">
            Main
          </Button>
          <Button>Plain</Button>
          <Button tone="quiet">Quiet</Button>
          <Button tone="danger">Danger</Button>
          <Button isBusy>Busy</Button>
          <Button disabledBecause="Not now">Disabled</Button>
          <Button icon="refresh" aria-label="Refresh" />
        </div>
      </Section>
      <Section title="Dialogs and toasts">
        <Dialogs />
      </Section>
      <Section title="Marks">
        <div class="row">
          {(['plain', 'good', 'warn', 'bad', 'info'] as const).map((tone) => (
            <Badge key={tone} tone={tone} icon="tag">
              {tone}
            </Badge>
          ))}
          <Digest value={digest} />
          <TimeAgo at={new Date(Date.now() - 3 * 3_600_000).toISOString()} />
          <Tooltip text="More about it">
            <span>hover me</span>
          </Tooltip>
          <span>{showDuration(65_000)}</span>
        </div>
      </Section>
      <Section title="Figures">
        <Meter label="Storage" used={4.6} limit={5} text={`${showBytes(4.6 * 2 ** 30)} / ${showBytes(5 * 2 ** 30)}`} />
        <Bar
          label="Bytes by project"
          slices={['library', 'team', 'ops'].map((label, i) => ({ label, value: 9 - 3 * i, text: `${9 - 3 * i} GiB` }))}
        />
        <Sparkline
          label="Pulls by day"
          points={[3, 7, 4, 9, 12, 6, 8].map((value, day) => ({ label: `day ${day}`, value }))}
        />
      </Section>
      <Inputs />
      <Section title="Text">
        <CodeView label="A manifest" numbered text={'{\n  "schemaVersion": 2\n}'} />
        <EmptyState icon="box" title="Nothing here" commands="docker push registry.example.com/team/app:1.0">
          What would be here, and how it gets here.
        </EmptyState>
      </Section>
    </div>
  )
}

function Inputs() {
  const [colour, setColour] = useState('teal')
  return (
    <>
      <Section title="Form">
        <Form
          action="Send"
          submit={async ({ fruit }) => toast(`Sent ${fruit}`)}
          check={({ fruit }) => (fruit === 'x' ? { fruit: 'No x here' } : {})}
        >
          <TextField name="fruit" label="Fruit" hint="Anything but x" isRequired />
          <TextField name="notes" label="Notes" rows={2} />
          <Field name="colour" label="Colour">
            {(tie) => <Select {...tie} value={colour} options={colours} onPick={setColour} />}
          </Field>
        </Form>
        <Combobox label="City" placeholder="City" find={findCity} onPick={({ label }) => toast(label)} />
      </Section>
      <Rights />
    </>
  )
}

const colours = ['teal', 'amber'].map((value) => ({ value, label: value }))

function Rights() {
  const can = useRights('library')
  return (
    <Section title="Rights in library">
      {['pull', 'push'].map((action) => (
        <Badge key={action} tone={can('repository', action) ? 'good' : 'plain'}>
          {action}
        </Badge>
      ))}
    </Section>
  )
}

function Dialogs() {
  const [shown, setShown] = useState<'dialog' | 'drawer' | 'confirm' | undefined>(undefined)
  const close = () => setShown(undefined)
  return (
    <div class="row">
      <Button onClick={() => setShown('dialog')}>Dialog</Button>
      <Button onClick={() => setShown('drawer')}>Drawer</Button>
      <Button onClick={() => setShown('confirm')}>Confirm</Button>
      <Button onClick={() => toast('Done', { undo: () => toast('Undone') })}>Toast</Button>
      {shown === 'confirm' && (
        <Confirm title="Delete team?" action="Delete" typed="team" run={async () => toast('Deleted')} onClose={close}>
          <p>3 repositories with 12 tags go with it.</p>
        </Confirm>
      )}
      {(shown === 'dialog' || shown === 'drawer') && (
        <Dialog title="A title" shape={shown} onClose={close} actions={<Button onClick={close}>Close</Button>}>
          <p>Some words.</p>
        </Dialog>
      )}
    </div>
  )
}

const cities = ['Bergen', 'Genoa', 'Hamburg', 'Lisbon', 'Rotterdam', 'Trieste']

async function findCity(text: string): Promise<Option[]> {
  const found = cities.filter((one) => one.toLowerCase().includes(text.toLowerCase()))
  return found.map((one) => ({ value: one, label: one }))
}
