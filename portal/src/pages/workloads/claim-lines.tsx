import { Button } from '../../ui/button.tsx'
import { Select } from '../../ui/select.tsx'
import type { ClaimDraft } from './rule.ts'
import { words } from './words.ts'

type LinesProps = { claims: readonly ClaimDraft[]; onChange(claims: ClaimDraft[]): void }

/** What the claims of a token must be, one line each. */
export function ClaimLines({ claims, onChange }: LinesProps) {
  const change = (at: number, part: Partial<ClaimDraft>) =>
    onChange(claims.map((one, index) => (index === at ? { ...one, ...part } : one)))
  return (
    <fieldset class="claim-lines">
      <legend>{words().claims}</legend>
      <p class="hint">{words().claimsHint}</p>
      {claims.map(({ claim, how, value }, at) => (
        <div key={at} class="claim-line">
          <input
            aria-label={words().claimOf(at + 1)}
            placeholder="sub"
            spellcheck={false}
            autocomplete="off"
            value={claim}
            onInput={(event) => change(at, { claim: event.currentTarget.value })}
          />
          <Select
            aria-label={words().howOf(at + 1)}
            value={how}
            options={[
              { value: 'equals', label: words().equals },
              { value: 'matches', label: words().matches },
            ]}
            onPick={(one) => change(at, { how: one })}
          />
          <input
            aria-label={words().valueOf(at + 1)}
            spellcheck={false}
            autocomplete="off"
            value={value}
            onInput={(event) => change(at, { value: event.currentTarget.value })}
          />
          <Button
            tone="quiet"
            icon="close"
            aria-label={words().dropClaim(at + 1)}
            onClick={() => onChange(claims.filter((_, index) => index !== at))}
          />
        </div>
      ))}
      <div>
        <Button icon="add" onClick={() => onChange([...claims, { claim: '', how: 'equals', value: '' }])}>
          {words().addClaim}
        </Button>
      </div>
    </fieldset>
  )
}
