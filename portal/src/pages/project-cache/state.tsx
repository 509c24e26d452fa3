import { cacheWords } from '../../i18n/cache.ts'
import { cacheValuesOf } from '../../lib/cache-metadata.ts'
import { showBytes, showCount, showDuration, showShare } from '../../lib/show.ts'
import { Figures as FigureRow } from '../../ui/figures.tsx'
import { Icon } from '../../ui/icon.tsx'
import { TimeAgo } from '../../ui/time.tsx'
import { UpstreamState } from '../../ui/upstream-state.tsx'
import type { InCache } from './in-cache.ts'
import { words } from './words.ts'

/** What is here, and what that has spared. */
export function Figures({ cache }: InCache) {
  const { hits, misses, stale } = cache
  const pulls = hits + misses + stale
  const share = pulls === 0 ? '–' : showShare((hits + stale) / pulls)
  const figures = [
    { label: words().hits, value: <span title={words().ofPulls(share)}>{`${showCount(hits)} · ${share}`}</span> },
    { label: words().misses, value: showCount(misses) },
    { label: words().stale, value: showCount(stale) },
    { label: words().saved, value: showBytes(cache.saved_bytes) },
    { label: words().fetched, value: showBytes(cache.fetched_bytes) },
    { label: words().used, value: showBytes(cache.used_bytes) },
    { label: words().artifacts, value: showCount(cache.artifacts) },
  ]
  const moving = cache.downloads > 0 ? [{ label: words().downloads, value: showCount(cache.downloads) }] : []
  return <FigureRow figures={[...figures, ...moving]} />
}

/** How the cached registry fares: whether it is asked at all, and what went wrong last. */
export function Upstream({ cache, address }: InCache) {
  const { registry, is_paused: isPaused, trouble, waiting, tags, gone_tags: gone } = cache
  return (
    <section class="card" aria-label={words().upstream}>
      <h2>
        {registry.name} <span class="quiet-text">({registry.type})</span>
      </h2>
      <dl class="facts">
        <dt>{words().state}</dt>
        <dd>
          <UpstreamState status={registry.status} isPaused={isPaused} />
        </dd>
        <dt>{words().tags}</dt>
        <dd>{gone === 0 ? showCount(tags) : words().goneTags(showCount(tags), showCount(gone))}</dd>
        {trouble && (
          <>
            <dt>{words().trouble}</dt>
            <dd>
              {trouble.message} <TimeAgo at={trouble.time} />
            </dd>
            <dt>{words().askedAgain}</dt>
            <dd>{trouble.paused_until ? <TimeAgo at={trouble.paused_until} /> : words().next}</dd>
          </>
        )}
      </dl>
      {isPaused && (
        <p class="note warn">
          <Icon name="alert" /> <span>{words().pausedHint}</span>
        </p>
      )}
      {trouble && <p class="quiet-text">{words().onePerProcess}</p>}
      {waiting > 0 && <p class="quiet-text">{words().waiting(waiting)}</p>}
      {address !== undefined && <p class="quiet-text wrap-text">{address}</p>}
    </section>
  )
}

/** The project's settings, in words. */
export function Rules({ project: { metadata } }: InCache) {
  const { fresh, fixed, filter, whenGone, speed, connections, budget, unpulled } = cacheValuesOf(metadata)
  const limits = [
    ...(speed === '' ? [] : [words().speed(showCount(Number(speed)))]),
    ...(connections === '' ? [] : [words().connections(Number(connections))]),
  ]
  const evicted = [
    ...(budget === '' ? [] : [words().byBudget(showBytes(Number(budget) * 1024 ** 3))]),
    ...(unpulled === '' ? [] : [words().byDays(Number(unpulled))]),
  ]
  return (
    <section class="card" aria-label={words().settings}>
      <h2>{words().settings}</h2>
      <dl class="facts">
        <dt>{words().freshness}</dt>
        <dd>{Number(fresh) === 0 ? words().each : showDuration(Number(fresh) * 1000)}</dd>
        {fixed !== '' && (
          <>
            <dt>{words().fixed}</dt>
            <dd>
              <code>{fixed}</code>
            </dd>
          </>
        )}
        <dt>{words().allowed}</dt>
        <dd>{filter === '' ? words().all : <code>{filter}</code>}</dd>
        <dt>{words().whenGone}</dt>
        <dd>{cacheWords().whenGoneChoices[whenGone]}</dd>
        <dt>{words().limits}</dt>
        <dd>{limits.join(', ') || words().noLimit}</dd>
        <dt>{words().eviction}</dt>
        <dd>{evicted.join('; ') || words().never}</dd>
      </dl>
    </section>
  )
}
