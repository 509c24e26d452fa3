import { Button } from '../../ui/button.tsx'
import type { OpenRule } from './rule-list.tsx'
import { words } from './words.ts'

/** The buttons above a list of trust rules. */
export function RuleActions({ mayChange, onOpen }: { mayChange: boolean; onOpen(open: OpenRule): void }) {
  if (!mayChange) return null
  return (
    <>
      <Button icon="play" onClick={() => onOpen({ what: 'test' })}>
        {words().test}
      </Button>
      <Button tone="main" icon="add" onClick={() => onOpen({ what: 'add' })}>
        {words().add}
      </Button>
    </>
  )
}
