import { useState } from 'preact/hooks'
import { artifactWords } from '../../i18n/artifact.ts'
import { platformsOfArtifact } from '../../lib/platforms.ts'
import { registryHost, user } from '../../lib/session.ts'
import { showBytes, showCount } from '../../lib/show.ts'
import { recall, remember } from '../../lib/storage.ts'
import { Labels, Platforms } from '../../ui/artifact-marks.tsx'
import { CodeView } from '../../ui/code.tsx'
import { CopyButton } from '../../ui/copy.tsx'
import { Figures } from '../../ui/figures.tsx'
import { Pairs } from '../../ui/pairs.tsx'
import { PullsByDay } from '../../ui/pulls-by-day.tsx'
import { Select } from '../../ui/select.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import type { Artifact, InArtifact } from './in-artifact.ts'
import { commandsFor, toolsFor, type Tool } from './pull.ts'
import { words } from './words.ts'

/** How to pull it, its figures, its tags and what its author says. */
export function Overview(here: InArtifact) {
  const { artifact, project, repository } = here
  const { size, push_time: pushed, pull_time: pulled, pull_count: pulls, digest } = artifact
  return (
    <>
      <Figures
        figures={[
          { label: words().size, value: showBytes(size) },
          { label: words().pushed, value: <TimeAgo at={pushed} /> },
          { label: words().pulled, value: <TimeAgo at={pulled} /> },
          { label: words().pulls, value: showCount(pulls) },
          {
            label: artifactWords().pullsOfMonth,
            value: <PullsByDay project={project.name} repository={repository} digest={digest} />,
          },
        ]}
      />
      <PullCommands {...here} />
      <div class="cards artifact-cards">
        <TagsCard artifact={artifact} />
        <FactsCard artifact={artifact} />
        <AnnotationsCard artifact={artifact} />
      </div>
    </>
  )
}

/** The commands of the tool that the reader used last, by tag or by digest. */
function PullCommands({ project, repository, artifact, tag }: InArtifact) {
  const tools = toolsFor(artifact.type)
  const [tool, setTool] = useState<Tool>(tools.find((one) => one === recall('tool')) ?? tools[0]!)
  const [byDigest, setByDigest] = useState(tag === undefined)
  const isPublic = project.metadata.public === 'true'
  const commands = commandsFor(tool, {
    name: `${registryHost.value}/${project.name}/${repository}`,
    reference: byDigest || tag === undefined ? `@${artifact.digest}` : `:${tag}`,
    type: artifact.type,
    user: isPublic ? undefined : user.value?.username,
  })
  return (
    <section class="card pull" aria-labelledby="pull">
      <div class="row">
        <h2 id="pull">{words().pull}</h2>
        <Select
          aria-label={words().tool}
          value={tool}
          options={tools.map((value) => ({ value, label: words().tools[value] }))}
          onPick={(one) => {
            remember('tool', one)
            setTool(one)
          }}
        />
        {tag !== undefined && (
          <Select
            aria-label={words().by}
            title={words().byDigestHint}
            value={byDigest ? 'digest' : 'tag'}
            options={[
              { value: 'tag', label: words().byTag(tag) },
              { value: 'digest', label: words().byDigest },
            ]}
            onPick={(one) => setByDigest(one === 'digest')}
          />
        )}
      </div>
      <CodeView label={words().tools[tool]} text={commands} />
    </section>
  )
}

/** Tags that are listed before the rest becomes a number. */
const mostTags = 60

function TagsCard({ artifact: { tags = [] } }: { artifact: Artifact }) {
  return (
    <section class="card">
      <h2>{words().tags}</h2>
      {tags.length === 0 ? (
        <p class="quiet-text">{words().noTag}</p>
      ) : (
        <ul class="tag-list">
          {tags.slice(0, mostTags).map(({ id, name, pull_time: pulled }) => (
            <li key={id}>
              <strong>{name}</strong> <CopyButton text={name} />
              <span class="spring" />
              <span class="quiet-text">
                <TimeAgo at={pulled} />
              </span>
            </li>
          ))}
        </ul>
      )}
      {tags.length > mostTags && <p class="quiet-text">{words().moreTags(showCount(tags.length - mostTags))}</p>}
    </section>
  )
}

function FactsCard({ artifact }: { artifact: Artifact }) {
  const { extra_attrs: attrs, labels = [], media_type: mediaType } = artifact
  const text = (name: string) => (typeof attrs[name] === 'string' && attrs[name] !== '' ? attrs[name] : undefined)
  const author = text('author')
  const created = text('created')
  return (
    <section class="card">
      <h2>{words().facts}</h2>
      <dl class="facts">
        <dt>{words().platforms}</dt>
        <dd>
          <Platforms all={platformsOfArtifact(artifact)} />
        </dd>
        {labels.length > 0 && (
          <>
            <dt>{words().labels}</dt>
            <dd>
              <Labels labels={labels} />
            </dd>
          </>
        )}
        {author !== undefined && (
          <>
            <dt>{words().author}</dt>
            <dd>{author}</dd>
          </>
        )}
        {created !== undefined && (
          <>
            <dt>{words().created}</dt>
            <dd>
              <TimeAgo at={created} />
            </dd>
          </>
        )}
        <dt>{words().mediaType}</dt>
        <dd>
          <code>{mediaType}</code>
        </dd>
      </dl>
    </section>
  )
}

function AnnotationsCard({ artifact: { annotations, extra_attrs: attrs } }: { artifact: Artifact }) {
  const config = typeof attrs['config'] === 'object' && attrs['config'] !== null ? attrs['config'] : {}
  const told = Object.entries(config as Record<string, unknown>).filter(([, value]) => !isEmpty(value))
  return (
    <>
      {Object.keys(annotations).length > 0 && (
        <section class="card">
          <h2>{words().annotations}</h2>
          <Pairs pairs={Object.entries(annotations)} />
        </section>
      )}
      {told.length > 0 && (
        <section class="card">
          <h2>{words().attributes}</h2>
          <Pairs pairs={told} />
        </section>
      )}
    </>
  )
}

const isEmpty = (value: unknown) => value === null || value === '' || value === false
