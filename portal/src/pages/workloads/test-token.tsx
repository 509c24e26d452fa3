import { useId, useState } from 'preact/hooks'
import type { AnswerOf } from '../../../../api/operation.ts'
import { testProjectWorkloadToken, testWorkloadToken } from '../../../../api/workloads.ts'
import { useAction } from '../../lib/action.ts'
import { send } from '../../lib/api.ts'
import { permissionsInWords } from '../../lib/right-words.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Pairs } from '../../ui/pairs.tsx'
import { Problem } from '../../ui/problem.tsx'
import type { Owner } from './rule.ts'
import { words } from './words.ts'

type Result = AnswerOf<typeof testWorkloadToken>

/** Says what a token would get by the rules, and why not. */
export function TestToken({ owner, onClose }: { owner: Owner; onClose(): void }) {
  const id = useId()
  const [token, setToken] = useState('')
  const [result, setResult] = useState<Result | undefined>(undefined)
  const work = useAction(async () => {
    setResult(undefined)
    const body = { token: token.trim() }
    const params = owner === undefined ? undefined : { project_name_or_id: owner }
    const answer = params
      ? await send(testProjectWorkloadToken, { params, body })
      : await send(testWorkloadToken, { body })
    setResult(answer.body)
  })
  return (
    <Dialog title={words().test} shape="wide" onClose={onClose}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault()
          void work.run()
        }}
      >
        <div class="field">
          <label for={id}>{words().token}</label>
          <textarea
            id={id}
            class="token-text"
            rows={4}
            required
            spellcheck={false}
            aria-describedby={`${id}-hint`}
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
          <p id={`${id}-hint`} class="hint">
            {words().tokenHint}
          </p>
        </div>
        <div class="form-foot">
          <Button type="submit" tone="main" isBusy={work.isRunning}>
            {words().testAction}
          </Button>
        </div>
      </form>
      {work.error && <Problem error={work.error} />}
      <div role="status">{result && <Shown result={result} />}</div>
    </Dialog>
  )
}

function Shown({ result: { fits, rules, claims } }: { result: Result }) {
  return (
    <>
      <p class={fits ? 'note good' : 'note warn'}>{fits ? words().fits : words().fitsNot}</p>
      <ul class="sentences">
        {rules.map((rule) => (
          <li key={rule.id}>
            <Badge tone={rule.fits ? 'good' : 'plain'}>{rule.fits ? words().yes : words().no}</Badge>
            <span class="wrap-text">
              <strong>{rule.name}</strong>: {rule.fits ? permissionsInWords(rule.permissions) : rule.reasons.join('; ')}
            </span>
          </li>
        ))}
      </ul>
      {isObject(claims) && (
        <>
          <h3>{words().claimsOfToken}</h3>
          <Pairs pairs={Object.entries(claims)} />
        </>
      )}
    </>
  )
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
