import { useState } from 'preact/hooks'
import type { AnswerOf } from '../../../../api/operation.ts'
import { listRepositoryScores } from '../../../../api/scores.ts'
import { changeQuery } from '../../lib/location.ts'
import { repositoryPlace, splitRepository } from '../../lib/places.ts'
import { user } from '../../lib/session.ts'
import { showCount, showShare } from '../../lib/show.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { EmptyState } from '../../ui/empty.tsx'
import { DataGrid, type Column } from '../../ui/grid.tsx'
import { PageHeader } from '../../ui/header.tsx'
import { Link } from '../../ui/link.tsx'
import { Select } from '../../ui/select.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { Clean } from './clean.tsx'
import { presetAsked } from './preset.ts'
import { storagePath, StorageTabs } from './tabs.tsx'
import { words } from './words.ts'

type Scored = AnswerOf<typeof listRepositoryScores>[number]

/** The repositories that are used least, and a way to clear them that says before what it does. */
export default function Unused() {
  const [isCleaning, setCleaning] = useState(false)
  const [explained, setExplained] = useState<Scored | undefined>(undefined)
  const preset = presetAsked()
  return (
    <>
      <PageHeader
        title={words().unused}
        path={storagePath()}
        about={words().unusedAbout}
        actions={
          user.value && (
            <Button tone="danger" icon="trash" onClick={() => setCleaning(true)}>
              {words().clean}
            </Button>
          )
        }
      />
      <StorageTabs current="/storage/unused" />
      <DataGrid
        label={words().unused}
        operation={listRepositoryScores}
        call={{ query: { preset } }}
        columns={columnsOf(setExplained)}
        keyOf={(one) => one.id}
        nameOf={(one) => one.name}
        linkTo={placeOf}
        facets={<PresetChoice />}
        empty={
          <EmptyState icon="chart" title={words().noRepository}>
            {words().noRepositoryHint}
          </EmptyState>
        }
      />
      {isCleaning && <Clean onClose={() => setCleaning(false)} />}
      {explained && <Why repository={explained} onClose={() => setExplained(undefined)} />}
    </>
  )
}

function placeOf({ name }: Scored): string {
  const { project, repository } = splitRepository(name)
  return repositoryPlace(project, repository)
}

function PresetChoice() {
  return (
    <label class="inline-choice">
      <span class="quiet-text">{words().preset}</span>
      <Select
        value={presetAsked() ?? ''}
        options={[
          { value: '', label: words().inForce },
          { value: 'default', label: words().presets['default']! },
          { value: 'few-tags', label: words().presets['few-tags']! },
        ]}
        onPick={(preset) => changeQuery({ preset, page: undefined })}
      />
    </label>
  )
}

/** Scores are whole hundredths. */
const showScore = (hundredths: number): string => showShare(hundredths / 100)

function columnsOf(explain: (one: Scored) => void): Column<Scored>[] {
  return [
    {
      name: 'name',
      title: words().name,
      cell: (one) => (
        <Link class="name" to={placeOf(one)}>
          {one.name}
        </Link>
      ),
    },
    {
      name: 'score',
      title: words().score,
      isNumber: true,
      cell: (one) => (
        <button type="button" class="link-button" title={words().why} onClick={() => explain(one)}>
          {showScore(one.score)}
        </button>
      ),
    },
    { name: 'pulls', title: words().pulls, isNumber: true, cell: (one) => showCount(one.pull_count) },
    {
      name: 'pulled',
      title: words().lastPull,
      cell: ({ last_pull_time: at }) =>
        at === undefined ? <span class="quiet-text">{words().never}</span> : <TimeAgo at={at} />,
    },
    {
      name: 'tags',
      title: words().tags,
      isNumber: true,
      hideBelow: 'small',
      cell: (one) => showCount(one.tags_count),
    },
    {
      name: 'pushed',
      title: words().pushed,
      hideBelow: 'medium',
      cell: ({ last_push_time: at }) => <TimeAgo at={at} />,
    },
  ]
}

function Why({ repository, onClose }: { repository: Scored; onClose(): void }) {
  return (
    <Dialog title={`${words().why}: ${repository.name}`} onClose={onClose}>
      <dl class="facts">
        <dt>{words().score}</dt>
        <dd>
          <strong>{showScore(repository.score)}</strong>
        </dd>
        {Object.entries(repository.factors).flatMap(([name, { tier, value, weight, share }]) => [
          <dt key={name}>{words().factors[name] ?? name}</dt>,
          <dd key={`${name}=`}>
            {words().factorLine(`${showCount(value)} (${tier})`, showShare(share / 100), showShare(weight / 100))}
          </dd>,
        ])}
      </dl>
    </Dialog>
  )
}
