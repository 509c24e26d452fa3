import { useState } from 'preact/hooks'
import { updateConfigurations } from '../../../../api/configurations.ts'
import { common } from '../../i18n/common.ts'
import { send } from '../../lib/api.ts'
import { forget } from '../../lib/query.ts'
import { canInSystem } from '../../lib/session.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Icon } from '../../ui/icon.tsx'
import { PlainTable } from '../../ui/plain-table.tsx'
import { Problem } from '../../ui/problem.tsx'
import { Select } from '../../ui/select.tsx'
import { toast } from '../../ui/toasts.tsx'
import { useAction } from '../../lib/action.ts'
import type { AnyItem, Part } from './items.ts'
import { words } from './words.ts'

type Value = string | number | boolean
type Now = Record<string, { value?: unknown; editable?: boolean } | undefined>
type Change = { item: AnyItem; before: Value | undefined; after: Value }

/** The items of a part, and what a save would change, before it does. */
export function ItemForm({ part, items, now }: { part: Part; items: readonly AnyItem[]; now: object }) {
  const known = now as Now
  const [typed, setTyped] = useState<Record<string, Value>>({})
  const [asks, setAsks] = useState(false)
  const mayChange = canInSystem('configuration', 'update')
  const changes = items.flatMap((item): Change[] => {
    const after = typed[item.name]
    const before = known[item.name]?.value as Value | undefined
    const isSame = after === undefined || after === before || (item.kind === 'secret' && after === '')
    return isSame ? [] : [{ item, before, after }]
  })
  return (
    <form
      class="settings"
      onSubmit={(event) => {
        event.preventDefault()
        if (changes.length > 0) setAsks(true)
      }}
    >
      {(part === 'ldap' || part === 'oidc') && (
        <p class="note info">
          <Icon name="info" /> {words().notYet}
        </p>
      )}
      {items.map((item) => (
        <ItemField
          key={item.name}
          item={item}
          value={typed[item.name] ?? (known[item.name]?.value as Value | undefined)}
          isFixed={known[item.name]?.editable === false}
          isOff={!mayChange}
          onChange={(value) => setTyped((before) => ({ ...before, [item.name]: value }))}
        />
      ))}
      <Foot count={changes.length} mayChange={mayChange} discard={() => setTyped({})} />
      {asks && <Diff changes={changes} onClose={() => setAsks(false)} onDone={() => setTyped({})} />}
    </form>
  )
}

type FootProps = { count: number; mayChange: boolean; discard(): void }

function Foot({ count, mayChange, discard }: FootProps) {
  return (
    <div class="row settings-foot">
      <Button
        tone="main"
        type="submit"
        disabledBecause={!mayChange ? words().mayNot : count === 0 ? words().nothingChanged : undefined}
      >
        {words().review}
      </Button>
      {count > 0 && (
        <>
          <Button onClick={discard}>{words().discard}</Button>
          <span role="status">{words().changes(count)}</span>
        </>
      )}
    </div>
  )
}

type FieldProps = {
  item: AnyItem
  value: Value | undefined
  isFixed: boolean
  isOff: boolean
  onChange(value: Value): void
}

function ItemField({ item, value, isFixed, isOff, onChange }: FieldProps) {
  const [label, hint] = words().items[item.name] ?? [item.name]
  const id = `setting-${item.name}`
  const tie = { id, 'disabled': isFixed || isOff, 'aria-describedby': `${id}-hint` }
  const note = item.kind === 'secret' ? words().secretHint : hint
  return (
    <div class={item.kind === 'flag' ? 'field check' : 'field'}>
      {item.kind === 'flag' && (
        <input
          {...tie}
          type="checkbox"
          checked={value === true}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      )}
      <label for={id}>
        {label} {isFixed && <Badge icon="lock">{words().fixed}</Badge>}
      </label>
      {item.kind !== 'flag' && <Input item={item} value={value} tie={tie} onChange={onChange} />}
      <p id={`${id}-hint`} class="hint">
        {note} {isFixed ? words().fixedHint : ''} <code class="quiet-text">{item.name}</code>
      </p>
    </div>
  )
}

type Tie = { id: string; disabled: boolean; 'aria-describedby': string }
type InputProps = { item: AnyItem; value: Value | undefined; tie: Tie; onChange(value: Value): void }

function Input({ item, value, tie, onChange }: InputProps) {
  const text = value === undefined ? '' : String(value)
  if (item.kind === 'choice') {
    const isNumber = typeof value === 'number'
    const options = item.values!.map((one) => ({ value: one, label: words().choices[one] ?? one }))
    return <Select {...tie} value={text} options={options} onPick={(one) => onChange(isNumber ? Number(one) : one)} />
  }
  if (item.kind === 'long')
    return <textarea {...tie} rows={3} value={text} onInput={(event) => onChange(event.currentTarget.value)} />
  if (item.kind === 'number') {
    return (
      <input
        {...tie}
        type="number"
        class="short"
        min={item.min}
        max={item.max}
        required
        value={text}
        onInput={(event) => event.currentTarget.validity.valid && onChange(event.currentTarget.valueAsNumber)}
      />
    )
  }
  // The types of inputs differ in what they take; these take the same.
  const kind = { type: item.kind === 'secret' ? 'password' : 'text' } as { type: 'text' }
  return (
    <input
      {...tie}
      {...kind}
      autocomplete={item.kind === 'secret' ? 'new-password' : 'off'}
      spellcheck={false}
      value={text}
      onInput={(event) => onChange(event.currentTarget.value)}
    />
  )
}

type DiffProps = { changes: Change[]; onClose(): void; onDone(): void }

/** What a save would change, line by line. */
function Diff({ changes, onClose, onDone }: DiffProps) {
  const work = useAction(async () => {
    const body = Object.fromEntries(changes.map(({ item, after }) => [item.name, after]))
    await send(updateConfigurations, { body })
    forget('/configurations', '/systeminfo')
    toast(words().saved)
  })
  const save = async () => {
    if (!(await work.run())) return
    onDone()
    onClose()
  }
  return (
    <Dialog
      title={words().diffTitle}
      shape="wide"
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{common().cancel}</Button>
          <Button tone="main" isBusy={work.isRunning} onClick={() => void save()}>
            {common().save}
          </Button>
        </>
      }
    >
      <p class="tab-about">{words().diffHint}</p>
      <PlainTable
        label={words().diffTitle}
        rows={changes}
        keyOf={({ item }) => item.name}
        columns={[
          {
            name: 'item',
            title: words().item,
            cell: ({ item }) => words().items[item.name]?.[0] ?? item.name,
          },
          { name: 'before', title: words().before, cell: ({ item, before }) => <del>{show(item, before)}</del> },
          {
            name: 'after',
            title: words().after,
            cell: ({ item, after }) => <ins>{item.kind === 'secret' ? words().newSecret : show(item, after)}</ins>,
          },
        ]}
      />
      {work.error && <Problem error={work.error} />}
    </Dialog>
  )
}

function show({ kind }: AnyItem, value: Value | undefined): string {
  if (kind === 'secret') return words().hidden
  if (kind === 'flag') return value === true ? words().on : words().off
  if (value === undefined || value === '') return words().empty
  return kind === 'choice' ? (words().choices[String(value)] ?? String(value)) : String(value)
}
