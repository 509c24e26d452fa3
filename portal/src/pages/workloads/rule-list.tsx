import {
  deleteProjectWorkloadRule,
  deleteWorkloadRule,
  listProjectWorkloadRules,
  listWorkloadRules,
} from '../../../../api/workloads.ts'
import { common } from '../../i18n/common.ts'
import { secretWords } from '../../i18n/secrets.ts'
import { send } from '../../lib/api.ts'
import { permissionsInWords } from '../../lib/right-words.ts'
import { attempt } from '../../ui/attempt.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import { LastUse, LastUsed } from '../../ui/expiry.tsx'
import { DataGrid, type Column } from '../../ui/grid.tsx'
import type { MenuItem } from '../../ui/menu.tsx'
import { toast } from '../../ui/toasts.tsx'
import { EditRule, saveRule } from './edit-rule.tsx'
import { claimsInWords, forgetRules, vendorNames, type Owner, type Rule, type Vendor } from './rule.ts'
import { TestToken } from './test-token.tsx'
import { words } from './words.ts'

export type OpenRule =
  | { what: 'add'; vendor?: Vendor }
  | { what: 'test' }
  | { what: 'edit' | 'delete'; rule: Rule }
  | undefined

type ListProps = { owner: Owner; mayChange: boolean; open: OpenRule; onOpen(open: OpenRule): void }

/** The trust rules of a project or of the system, and what can be done with them. */
export function RuleList({ owner, mayChange, open, onOpen }: ListProps) {
  const close = () => onOpen(undefined)
  const shared = {
    label: words().title,
    columns: columnsOf(),
    keyOf: ({ id }: Rule) => id,
    nameOf: ({ name }: Rule) => name,
    ...(mayChange && { rowActions: (rule: Rule) => actionsOf(owner, rule, onOpen) }),
    empty: <NoRules mayChange={mayChange} onPick={(vendor) => onOpen({ what: 'add', vendor })} />,
  }
  return (
    <>
      {owner === undefined ? (
        <DataGrid {...shared} operation={listWorkloadRules} />
      ) : (
        <DataGrid {...shared} operation={listProjectWorkloadRules} call={{ params: { project_name_or_id: owner } }} />
      )}
      {open?.what === 'add' && <EditRule owner={owner} vendor={open.vendor ?? 'github'} onClose={close} />}
      {open?.what === 'edit' && <EditRule owner={owner} rule={open.rule} vendor="other" onClose={close} />}
      {open?.what === 'delete' && <DeleteRule owner={owner} rule={open.rule} onClose={close} />}
      {open?.what === 'test' && <TestToken owner={owner} onClose={close} />}
    </>
  )
}

function columnsOf(): Column<Rule>[] {
  return [
    {
      name: 'name',
      title: words().name,
      cell: ({ name, description, disable }) => (
        <div>
          <span class="row">
            <strong class="name">{name}</strong>
            {disable && <Badge tone="warn">{words().off}</Badge>}
          </span>
          {description !== '' && <p class="quiet-text wrap-text">{description}</p>}
        </div>
      ),
    },
    {
      name: 'who',
      title: words().trusts,
      cell: ({ issuer, claims }) => (
        <div>
          <span class="wrap-text">{issuer}</span>
          <p class="quiet-text wrap-text">{claimsInWords(claims)}</p>
        </div>
      ),
    },
    {
      name: 'may',
      title: words().may,
      hideBelow: 'small',
      cell: (rule) => (
        <span class="rights-text">
          {permissionsInWords(rule.permissions)}
          {rule.repositories.length > 0 && ` (${rule.repositories.join(', ')})`}
        </span>
      ),
    },
    {
      name: 'used',
      title: secretWords().lastUsed,
      hideBelow: 'medium',
      cell: (rule) => <LastUsed at={rule.last_used_time} />,
    },
  ]
}

function actionsOf(owner: Owner, rule: Rule, ask: (open: OpenRule) => void): MenuItem[] {
  const flip = async () => {
    await saveRule(owner, { ...rule, disable: !rule.disable }, rule)
    toast(words().saved(rule.name))
  }
  return [
    { label: words().edit, icon: 'edit', run: () => ask({ what: 'edit', rule }) },
    {
      label: rule.disable ? words().switchOn : words().switchOff,
      icon: rule.disable ? 'play' : 'stop',
      run: () => attempt(flip),
    },
    { label: common().delete, icon: 'trash', isDanger: true, run: () => ask({ what: 'delete', rule }) },
  ]
}

function DeleteRule({ owner, rule, onClose }: { owner: Owner; rule: Rule; onClose(): void }) {
  return (
    <Confirm
      title={words().deleteTitle(rule.name)}
      action={common().delete}
      onClose={onClose}
      run={async () => {
        const params = { rule_id: rule.id }
        if (owner === undefined) await send(deleteWorkloadRule, { params })
        else await send(deleteProjectWorkloadRule, { params: { ...params, project_name_or_id: owner } })
        forgetRules(owner)
        toast(words().gone(rule.name))
      }}
    >
      <p>{words().deleteHint}</p>
      <LastUse at={rule.last_used_time} />
    </Confirm>
  )
}

function NoRules({ mayChange, onPick }: { mayChange: boolean; onPick(vendor: Vendor): void }) {
  return (
    <EmptyState
      icon="shield"
      title={words().none}
      action={
        mayChange &&
        vendorNames.map((one) => (
          <Button key={one} tone={one === 'github' ? 'main' : 'plain'} onClick={() => onPick(one)}>
            {words().vendors[one].name}
          </Button>
        ))
      }
    >
      {words().noneHint}
    </EmptyState>
  )
}
