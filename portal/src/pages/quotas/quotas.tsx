import { useState } from 'preact/hooks'
import { getConfigurations, updateConfigurations } from '../../../../api/configurations.ts'
import type { AnswerOf } from '../../../../api/operation.ts'
import { listQuotas, updateQuota } from '../../../../api/quotas.ts'
import { common } from '../../i18n/common.ts'
import { send } from '../../lib/api.ts'
import { projectPlace } from '../../lib/places.ts'
import { forget, useApi } from '../../lib/query.ts'
import { canInSystem } from '../../lib/session.ts'
import { showBytes } from '../../lib/show.ts'
import { Button } from '../../ui/button.tsx'
import { Meter } from '../../ui/charts.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import { TextField, type FieldErrors, type Values } from '../../ui/form.tsx'
import { FormDialog } from '../../ui/form-dialog.tsx'
import { DataGrid, type Column } from '../../ui/grid.tsx'
import { PageHeader } from '../../ui/header.tsx'
import { Link } from '../../ui/link.tsx'
import { toast } from '../../ui/toasts.tsx'
import { words } from './words.ts'

type Quota = AnswerOf<typeof listQuotas>[number]
const gibibyte = 1024 ** 3

const textIn = ({ ref }: Quota, name: string): string => {
  const value = ref[name]
  return typeof value === 'string' ? value : ''
}
const nameOf = (quota: Quota): string => textIn(quota, 'name')
const limitOf = ({ hard }: Quota): number => hard['storage'] ?? -1
const usedOf = ({ used }: Quota): number => used['storage'] ?? 0

/** How much each project holds and may hold. */
export default function Quotas() {
  const [changed, setChanged] = useState<Quota | undefined>(undefined)
  const mayChange = canInSystem('quota', 'update')
  return (
    <>
      <PageHeader title={words().title} about={words().about} />
      {canInSystem('configuration', 'read') && <Default />}
      <DataGrid
        label={words().title}
        operation={listQuotas}
        call={{ query: { reference: 'project' } }}
        columns={columnsOf()}
        keyOf={(one) => one.id}
        nameOf={nameOf}
        linkTo={(one) => projectPlace(nameOf(one))}
        defaultSort="-used.storage"
        rowActions={(one) => [
          {
            label: words().change,
            icon: 'quota',
            disabledBecause: mayChange ? undefined : words().mayNot,
            run: () => setChanged(one),
          },
          ...(canInSystem('system-volumes', 'read')
            ? [
                {
                  label: words().openUsage,
                  icon: 'database' as const,
                  to: `/storage?project=${encodeURIComponent(nameOf(one))}`,
                },
              ]
            : []),
        ]}
        empty={<EmptyState icon="quota" title={words().empty} />}
      />
      {changed && <ChangeLimit quota={changed} onClose={() => setChanged(undefined)} />}
    </>
  )
}

function columnsOf(): Column<Quota>[] {
  return [
    {
      name: 'project',
      title: words().project,
      cell: (one) => (
        <Link class="name" to={projectPlace(nameOf(one))}>
          {nameOf(one)}
        </Link>
      ),
    },
    {
      name: 'owner',
      title: words().owner,
      hideBelow: 'medium',
      cell: (one) => textIn(one, 'owner_name') || '–',
    },
    { name: 'used', title: words().used, sort: 'used.storage', cell: (one) => <Used quota={one} /> },
    {
      name: 'limit',
      title: words().limit,
      sort: 'hard.storage',
      isNumber: true,
      hideBelow: 'small',
      cell: (one) => (limitOf(one) < 0 ? <span class="quiet-text">{words().none}</span> : showBytes(limitOf(one))),
    },
  ]
}

function Used({ quota }: { quota: Quota }) {
  const [used, limit] = [usedOf(quota), limitOf(quota)]
  const text = limit < 0 ? words().usedOnly(showBytes(used)) : words().of(showBytes(used), showBytes(limit))
  return <Meter label={`${words().used}: ${nameOf(quota)}`} used={used} limit={limit} text={text} />
}

const check = ({ gib = '' }: Values): FieldErrors =>
  gib.trim() !== '' && !(Number(gib) > 0) ? { gib: words().gibBad } : {}

const bytesIn = ({ gib = '' }: Values): number => (gib.trim() === '' ? -1 : Math.round(Number(gib) * gibibyte))

/** A limit as the field shows it: in GiB, with three digits at most. */
const gibOf = (bytes: number): string => (bytes < 0 ? '' : String(Math.round((bytes / gibibyte) * 1000) / 1000))

function ChangeLimit({ quota, onClose }: { quota: Quota; onClose(): void }) {
  const name = nameOf(quota)
  const [typed, setTyped] = useState(limitOf(quota))
  return (
    <FormDialog
      title={words().changeTitle(name)}
      action={common().save}
      onClose={onClose}
      check={check}
      submit={async (values) => {
        await send(updateQuota, { params: { id: quota.id }, body: { hard: { storage: bytesIn(values) } } })
        forget('/quotas', '/projects', '/usage')
        toast(words().saved(name))
      }}
    >
      <div onInput={(event) => setTyped(bytesIn({ gib: (event.target as HTMLInputElement).value }))}>
        <LimitField value={limitOf(quota)} />
      </div>
      <div role="status">
        {typed >= 0 && typed < usedOf(quota) && <p class="note warn">{words().belowUsed(showBytes(usedOf(quota)))}</p>}
      </div>
    </FormDialog>
  )
}

function LimitField({ value }: { value: number }) {
  return (
    <TextField
      name="gib"
      label={words().gib}
      hint={words().gibHint}
      type="number"
      min={0}
      value={gibOf(value)}
      step="any"
    />
  )
}

function Default() {
  const [isOpen, setOpen] = useState(false)
  const { data } = useApi(getConfigurations, {})
  const item = data?.storage_per_project
  if (!item) return null
  const disabledBecause = !canInSystem('configuration', 'update')
    ? words().mayNot
    : item.editable
      ? undefined
      : words().fixed
  return (
    <div class="row default-line">
      <span class="quiet-text">{words().byDefault}</span>
      <strong>{item.value < 0 ? words().none : showBytes(item.value)}</strong>
      <Button class="small" icon="edit" disabledBecause={disabledBecause} onClick={() => setOpen(true)}>
        {words().changeDefault}
      </Button>
      {isOpen && (
        <FormDialog
          title={words().defaultTitle}
          action={common().save}
          onClose={() => setOpen(false)}
          check={check}
          submit={async (values) => {
            await send(updateConfigurations, { body: { storage_per_project: bytesIn(values) } })
            forget('/configurations')
            toast(words().defaultSaved)
          }}
        >
          <p>{words().defaultHint}</p>
          <LimitField value={item.value} />
        </FormDialog>
      )}
    </div>
  )
}
