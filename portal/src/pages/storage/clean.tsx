import { useState } from 'preact/hooks'
import type { AnswerOf } from '../../../../api/operation.ts'
import { deleteRepository } from '../../../../api/repositories.ts'
import { listLowestRepositories, simulateRepositoryScores } from '../../../../api/scores.ts'
import { useAction } from '../../lib/action.ts'
import { ApiError, send } from '../../lib/api.ts'
import { splitRepository } from '../../lib/places.ts'
import { forget, useApi } from '../../lib/query.ts'
import { showBytes, showDuration } from '../../lib/show.ts'
import { Button } from '../../ui/button.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { Problem } from '../../ui/problem.tsx'
import { Select } from '../../ui/select.tsx'
import { toast } from '../../ui/toasts.tsx'
import { presetAsked } from './preset.ts'
import { words } from './words.ts'

/** How many at once. */
const counts = ['5', '10', '25', '50', '100'] as const
/** The past in which a deletion is played through, in days. */
const days = 30

/** Deletes the least used repositories, after it has said which, what that frees, and what it would have broken. */
export function Clean({ onClose }: { onClose(): void }) {
  const [count, setCount] = useState<(typeof counts)[number]>('5')
  const preset = presetAsked()
  const found = useApi(listLowestRepositories, { query: { count: Number(count), ...(preset && { preset }) } })
  const rows = found.data?.repositories ?? []
  const isReady = found.data !== undefined && !found.isPrevious && rows.length > 0
  return (
    <Confirm
      title={words().cleanTitle}
      action={words().deleteThem(rows.length)}
      onClose={onClose}
      {...(isReady ? { typed: String(rows.length) } : { refusedBecause: found.data ? words().noneYours : '…' })}
      run={() => deleteAll(rows.map(({ name }) => name))}
    >
      <label class="inline-choice">
        <span>{words().howMany}</span>
        <Select
          value={count}
          options={counts.map((value) => ({ value, label: value }))}
          onPick={(value) => setCount(value)}
        />
      </label>
      {found.error && <Problem error={found.error} />}
      {found.data && rows.length > 0 && (
        <>
          <ul class="names scrolled">
            {rows.map(({ id, name }) => (
              <li key={id}>{name}</li>
            ))}
          </ul>
          <p>
            <strong>{words().wouldFree(showBytes(found.data.freed_bytes))}</strong>{' '}
            {found.data.restorable_seconds > 0
              ? words().couldRestore(showDuration(found.data.restorable_seconds * 1000))
              : words().notRestorable}
          </p>
          <Simulated count={rows.length} />
        </>
      )}
    </Confirm>
  )
}

/** What would have failed if as many had been deleted some time ago: asked only when somebody wants to know. */
function Simulated({ count }: { count: number }) {
  const [answer, setAnswer] = useState<AnswerOf<typeof simulateRepositoryScores> | undefined>(undefined)
  const preset = presetAsked()
  const work = useAction(async () => {
    const { body } = await send(simulateRepositoryScores, { body: { days, count, ...(preset && { preset }) } })
    setAnswer(body)
  })
  return (
    <div class="below">
      <div class="row">
        <span>{words().simulate(days)}</span>
        {answer ? (
          <strong>{answer.failed_pulls === 0 ? words().noneFailed : words().wouldFail(answer.failed_pulls)}</strong>
        ) : (
          <Button class="small" icon="play" isBusy={work.isRunning} onClick={() => void work.run()}>
            {words().failed}
          </Button>
        )}
      </div>
      {answer && (
        <p class="quiet-text">
          {answer.recorded_from === undefined ? words().nothingRecorded : words().recordedFrom(answer.recorded_from)}
        </p>
      )}
      {work.error && <Problem error={work.error} />}
    </div>
  )
}

/** Deletes one after the other; rejects with what stayed. */
async function deleteAll(names: string[]): Promise<void> {
  const stayed: string[] = []
  for (const name of names) {
    const { project, repository } = splitRepository(name)
    try {
      await send(deleteRepository, { params: { project_name: project, repository_name: repository } })
    } catch (error) {
      stayed.push(`${name}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  forget('/repositories', '/projects', '/usage', '/statistics')
  if (names.length > stayed.length) toast(words().deletedMany(names.length - stayed.length))
  if (stayed.length > 0) throw new ApiError(409, undefined, `${words().someStayed(stayed.length)} ${stayed.join('; ')}`)
}
