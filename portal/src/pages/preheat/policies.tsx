import { useState } from 'preact/hooks'
import { deletePreheatPolicy, listPreheatPolicies } from '../../../../api/preheat.ts'
import { send } from '../../lib/api.ts'
import type { PageProps } from '../../lib/page.ts'
import { likeQ } from '../../lib/q.ts'
import type { Can } from '../../lib/rights.ts'
import { user } from '../../lib/session.ts'
import { attempt } from '../../ui/attempt.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { CodeView } from '../../ui/code.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import { DataGrid, type Column } from '../../ui/grid.tsx'
import { Link } from '../../ui/link.tsx'
import type { MenuItem } from '../../ui/menu.tsx'
import { ProjectFrame } from '../../ui/project-frame.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { toast } from '../../ui/toasts.tsx'
import { PolicyEditor } from './policy-editor.tsx'
import {
  forgetPolicies,
  paramsOf,
  policyPlace,
  runPolicy,
  showFilters,
  showTrigger,
  switchPolicy,
  type Policy,
} from './policy.ts'
import { words } from './words.ts'

type Asked = { what: 'edit' | 'delete'; policy: Policy } | { what: 'add' } | undefined

/** The preheat policies of a project. */
export default function Policies({ params: { project } }: PageProps<'project'>) {
  const [asked, setAsked] = useState<Asked>(undefined)
  const close = () => setAsked(undefined)
  const add = (can: Can) =>
    can('preheat-policy', 'create') && (
      <Button tone="main" icon="add" onClick={() => setAsked({ what: 'add' })}>
        {words().newPolicy}
      </Button>
    )
  return (
    <ProjectFrame name={project} tab="preheat" actions={({ can }) => add(can)}>
      {({ can }) => (
        <>
          <p class="tab-about">{words().about}</p>
          <DataGrid
            label={words().policies}
            operation={listPreheatPolicies}
            call={{ params: { project_name: project } }}
            columns={columnsOf(project)}
            keyOf={(one) => one.id ?? 0}
            nameOf={(one) => one.name ?? ''}
            linkTo={(one) => policyPlace(project, one.name ?? '')}
            filter={{ label: words().filter, toQuery: (text) => ({ q: likeQ('name', text) }) }}
            {...(can('preheat-policy', 'update')
              ? { rowActions: (policy: Policy) => actionsOf(project, policy, setAsked) }
              : {})}
            empty={<NoPolicy project={project} add={add(can)} />}
          />
          {asked?.what === 'add' && <PolicyEditor project={project} onClose={close} />}
          {asked?.what === 'edit' && <PolicyEditor project={project} policy={asked.policy} onClose={close} />}
          {asked?.what === 'delete' && <DeletePolicy project={project} policy={asked.policy} onClose={close} />}
        </>
      )}
    </ProjectFrame>
  )
}

function NoPolicy({ project, add }: { project: string; add: preact.ComponentChild }) {
  const login = `marina login ${location.host}${user.value ? ` --username ${user.value.username}` : ''}`
  const create = `marina preheat create ${project} warm --instance <service> --filter-tag 'v*' --trigger event`
  return (
    <EmptyState icon="download" title={words().none} action={add}>
      <p>{words().noneHint}</p>
      <p>{words().noneByCommand}</p>
      <CodeView label={words().noneByCommand} text={`${login}\n${create}`} />
    </EmptyState>
  )
}

/** Asks before a policy goes. */
export function DeletePolicy(props: { project: string; policy: Policy; onClose(): void; onDone?(): void }) {
  const { project, policy, onClose, onDone } = props
  const name = policy.name ?? ''
  return (
    <Confirm
      title={words().deletePolicyTitle(name)}
      action={words().delete}
      onClose={onClose}
      run={async () => {
        await send(deletePreheatPolicy, { params: paramsOf(project, name) })
        onDone?.()
        forgetPolicies(project)
        toast(words().policyGone(name))
      }}
    >
      <p>{words().deletePolicyHint}</p>
    </Confirm>
  )
}

function actionsOf(project: string, policy: Policy, ask: (asked: Asked) => void): MenuItem[] {
  const isOn = policy.enabled === true
  return [
    {
      label: words().run,
      icon: 'play',
      disabledBecause: isOn ? undefined : words().isOff,
      run: () => attempt(() => runPolicy(project, policy.name ?? '')),
    },
    {
      label: isOn ? words().disable : words().enable,
      icon: isOn ? 'stop' : 'check',
      run: () => attempt(() => switchPolicy(project, policy, !isOn)),
    },
    { label: words().edit, icon: 'edit', run: () => ask({ what: 'edit', policy }) },
    { label: words().delete, icon: 'trash', isDanger: true, run: () => ask({ what: 'delete', policy }) },
  ]
}

function columnsOf(project: string): Column<Policy>[] {
  return [
    {
      name: 'name',
      title: words().name,
      sort: 'name',
      cell: ({ name = '' }) => (
        <Link class="name" to={policyPlace(project, name)}>
          {name}
        </Link>
      ),
    },
    { name: 'service', title: words().service, hideBelow: 'small', cell: (one) => one.provider_name },
    {
      name: 'what',
      title: words().what,
      hideBelow: 'medium',
      cell: (one) => <span class="wrap-text">{showFilters(one)}</span>,
    },
    { name: 'when', title: words().when, hideBelow: 'small', cell: showTrigger },
    {
      name: 'state',
      title: words().state,
      cell: ({ enabled }) => (enabled ? <Badge tone="good">{words().on}</Badge> : <Badge>{words().off}</Badge>),
    },
    {
      name: 'changed',
      title: words().changed,
      sort: 'update_time',
      hideBelow: 'medium',
      cell: ({ update_time: at }) => <TimeAgo at={at} />,
    },
  ]
}
