import type { Registry } from 'prom-client'
import type { Figures } from './seat.ts'

/** The metrics of all serving processes of one `marina serve`, as one page. */
export type Page = {
  readonly contentType: string
  metrics(): Promise<string>
  /** Keeps what a process counted that has ended. */
  ended(process: Source, last: Figures | undefined): void
}

/** A process whose figures are asked at each scrape. */
export type Source = { ask(): Promise<Figures> }

type PageOptions = {
  sources(): Source[]
  /** The supervisor's own figures. */
  own(): Figures
  onTrouble(error: unknown): void
}

type Aggregate = (pages: Figures[]) => Registry

/**
 * Adds up the figures of all processes. Counts of processes that have ended stay on the page: a sum that fell would
 * look to Prometheus like a restart, and it would take all counts as new. Of a process that was killed, the counts
 * since the last scrape are lost.
 */
export function openPage({ sources, own, onTrouble }: PageOptions): Page {
  const known = new Map<Source, Figures>()
  let past: Figures = []
  let folding: Promise<void> = Promise.resolve()
  const fold = async (figures: Figures) => {
    const lasting = figures.filter(({ type }) => type === 'counter' || type === 'histogram')
    past = await (await aggregator())([past, lasting]).getMetricsAsJSON()
  }
  return {
    contentType: 'text/plain; version=0.0.4; charset=utf-8',
    ended(process, last) {
      const figures = last ?? known.get(process)
      known.delete(process)
      if (figures) folding = folding.then(() => fold(figures)).catch(onTrouble)
    },
    async metrics() {
      const living = sources()
      await Promise.all(
        living.map(async (source) => {
          // A process that does not answer in time has its last figures on the page.
          await source.ask().then((figures) => void known.set(source, figures), onTrouble)
        }),
      )
      await folding
      // A process that ended meanwhile is in the past already.
      const pages = [past, ...known.values()]
      return (await aggregator())([...pages, own()]).metrics()
    },
  }
}

/** Loaded at the first scrape: nobody may ever ask. */
async function aggregator(): Promise<Aggregate> {
  const { default: client } = await import('prom-client')
  return (pages) => client.AggregatorRegistry.aggregate(pages)
}
