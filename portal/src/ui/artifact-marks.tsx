import type { AnswerOf } from '../../../api/operation.ts'
import type { listLabels } from '../../../api/labels.ts'
import { artifactWords } from '../i18n/artifact.ts'
import { platformText, type Platform } from '../lib/platforms.ts'
import { Badge } from './badge.tsx'

type ShownLabel = Pick<AnswerOf<typeof listLabels>[number], 'id' | 'name' | 'color' | 'description'>

/** Platforms that are shown before the rest becomes a number. */
const shown = 2

/** `linux/amd64 linux/arm64 +3`. */
export function Platforms({ all }: { all: Platform[] }) {
  const names = [...new Set(all.flatMap((one) => platformText(one) ?? []))]
  if (names.length === 0) return <span class="quiet-text">–</span>
  return (
    <span class="marks" title={names.join(', ')}>
      {names.slice(0, shown).map((name) => (
        <code key={name} class="mark">
          {name}
        </code>
      ))}
      {names.length > shown && <span class="quiet-text">{artifactWords().more(names.length - shown)}</span>}
    </span>
  )
}

/** What belongs to an artifact, by the API's types of accessories. */
export function Belongings({ types }: { types: string[] }) {
  const has = (start: string) => types.some((one) => one.startsWith(start))
  const words = artifactWords()
  return (
    <span class="marks">
      {has('signature.') && (
        <Badge tone="good" icon="shield">
          {words.signed}
        </Badge>
      )}
      {has('sbom.') && <Badge icon="file">{words.sbom}</Badge>}
      {has('subject.') && <Badge icon="check">{words.attested}</Badge>}
      {has('accelerator.') && <Badge>{words.nydus}</Badge>}
    </span>
  )
}

/** Labels with their colour as a dot: the text keeps the contrast of the page. */
export function Labels({ labels }: { labels: ShownLabel[] }) {
  return (
    <span class="marks">
      {labels.map(({ id, name, color, description }) => (
        <span key={id} class="badge" title={description}>
          <span class="dot" style={{ background: color }} aria-hidden="true" /> {name}
        </span>
      ))}
    </span>
  )
}

/** Tags that are shown before the rest becomes a number. */
const shownTags = 3

/** The first tags of an artifact. */
export function TagNames({ names }: { names: string[] }) {
  if (names.length === 0) return <span class="quiet-text">–</span>
  return (
    <span class="marks" title={names.slice(0, 50).join(', ')}>
      {names.slice(0, shownTags).map((name) => (
        <span key={name} class="badge">
          {name}
        </span>
      ))}
      {names.length > shownTags && <span class="quiet-text">{artifactWords().more(names.length - shownTags)}</span>}
    </span>
  )
}
