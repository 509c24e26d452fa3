import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { canInSystem } from '../../lib/session.ts'
import { Button } from '../../ui/button.tsx'
import { Diff } from './item-diff.tsx'
import { ItemField } from './item-field.tsx'
import type { AnyItem } from './items.ts'
import { useItems, type Change, type Draft } from './use-items.ts'
import { words } from './words.ts'

/** The items of a part, and what a save would change, before it does. */
export function ItemForm({ items, now }: { items: readonly AnyItem[]; now: object }) {
  const draft = useItems(now)
  return (
    <ItemsForm changes={draft.changesOf(items)} discard={draft.discard}>
      <ItemFields items={items} draft={draft} />
    </ItemsForm>
  )
}

export function ItemFields({ items, draft }: { items: readonly AnyItem[]; draft: Draft }) {
  const mayChange = canInSystem('configuration', 'update')
  return items.map((item) => (
    <ItemField
      key={item.name}
      item={item}
      value={draft.valueOf(item.name)}
      isFixed={draft.isFixed(item.name)}
      isOff={!mayChange}
      onChange={(value) => draft.change(item.name, value)}
    />
  ))
}

type FormProps = {
  changes: Change[]
  discard(): void
  children: ComponentChildren
}

/** A form of settings: its save first shows what will change. */
export function ItemsForm({ changes, discard, children }: FormProps) {
  const [asks, setAsks] = useState(false)
  return (
    <form
      class="settings"
      onSubmit={(event) => {
        event.preventDefault()
        if (changes.length > 0) setAsks(true)
      }}
    >
      {children}
      <Foot count={changes.length} mayChange={canInSystem('configuration', 'update')} discard={discard} />
      {asks && <Diff changes={changes} onClose={() => setAsks(false)} onDone={discard} />}
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
