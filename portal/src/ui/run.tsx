import { useEffect, useRef } from 'preact/hooks'
import { system } from '../i18n/system.ts'
import type { Found } from '../lib/query.ts'
import { showShare } from '../lib/show.ts'
import { Badge } from './badge.tsx'
import { CodeView } from './code.tsx'
import { ErrorState } from './problem.tsx'

const tones = {
  Pending: 'plain',
  Running: 'info',
  InProgress: 'info',
  Success: 'good',
  Succeed: 'good',
  Error: 'bad',
  Failed: 'bad',
  Stopped: 'warn',
  Scheduled: 'plain',
} as const

/** The state of a job, an execution or a task, in the API's words or those of replication. */
export function RunState({ state }: { state: string }) {
  const tone = (tones as Record<string, (typeof tones)[keyof typeof tones] | undefined>)[state] ?? 'plain'
  return <Badge tone={tone}>{system().states[state] ?? state}</Badge>
}

/** Whether a job may still go on. */
export const isGoingOn = (state: string | undefined): boolean =>
  state === 'Pending' || state === 'Running' || state === 'InProgress'

type ProgressProps = {
  label: string
  /** In the same unit. Without a whole, nobody knows how much is left. */
  done: number
  whole: number | undefined
  text: string
}

/** How far something is. */
export function Progress({ label, done, whole, text }: ProgressProps) {
  const share = whole !== undefined && whole > 0 ? Math.min(1, done / whole) : undefined
  return (
    <div class="run-progress">
      <progress aria-label={label} {...(share === undefined ? {} : { value: share, max: 1 })} />
      <p>
        {share !== undefined && <strong>{showShare(share)}</strong>} {text}
      </p>
    </div>
  )
}

type LogProps = { label: string; found: Found<string | undefined>; isRunning: boolean }

/** A log as far as it is written. While the work runs, its end stays in sight. */
export function LogView({ label, found, isRunning }: LogProps) {
  const frame = useRef<HTMLDivElement>(null)
  const text = found.data ?? ''
  useEffect(() => {
    const view = frame.current?.querySelector('pre')
    if (isRunning && view) view.scrollTop = view.scrollHeight
  }, [text, isRunning])
  if (found.error) return <ErrorState error={found.error} onRetry={found.refresh} />
  return (
    <div ref={frame} class="log" aria-busy={found.data === undefined && found.isLoading}>
      {text === '' ? <p class="quiet-text">{system().noLog}</p> : <CodeView text={text} label={label} />}
    </div>
  )
}
