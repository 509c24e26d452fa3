import type { Db } from '../../../../platform/db/db.ts'
import { saveAdvisories, saveScores, saveStatements, type EcosystemCount, type Score } from '../database/store.ts'
import type { Advisory, ReadRecord } from '../osv.ts'
import type { Item } from './items.ts'

/** Advisories, and scores, that one statement writes. */
const [mostAdvisories, mostScores] = [500, 5000]

export type Written = {
  dataAt: Date | null
  advisories: number
  packages: number
  scores: number
  statements: number
  skipped: Record<string, number>
  ecosystems: Record<string, EcosystemCount>
}

/** Writes what is read into a generation, in batches, and counts it. */
export function openWriter(db: Db, generation: number) {
  const counts = { advisories: 0, packages: 0, scores: 0, statements: 0 }
  const written: Written = { dataAt: null, ...counts, skipped: {}, ecosystems: {} }
  let waiting: Advisory[] = []
  const skip = (why: string) => void (written.skipped[why] = (written.skipped[why] ?? 0) + 1)

  async function flush() {
    const batch = waiting
    waiting = []
    if (batch.length === 0) return
    // A record may be in several files: one for each ecosystem that it is about.
    const unique = [...new Map(batch.map((one) => [one.id, one])).values()]
    const { saved, packages } = await saveAdvisories(db, generation, unique)
    written.advisories += saved.size
    written.packages += packages
    for (const one of unique) if (saved.has(one.id)) countIn(written.ecosystems, one)
    for (let count = batch.length - saved.size; count > 0; count--) skip('it was read before')
  }

  async function addScores(scores: Score[]) {
    for (let from = 0; from < scores.length; from += mostScores)
      await saveScores(db, generation, scores.slice(from, from + mostScores))
    written.scores += scores.length
  }

  async function addRecord(record: ReadRecord) {
    const { modified } = record
    if (modified && Number(modified) > Number(written.dataAt ?? 0)) written.dataAt = modified
    if ('skipped' in record) return skip(record.skipped)
    waiting.push(record.advisory)
    if (waiting.length >= mostAdvisories) await flush()
  }

  return {
    written,
    skip,
    flush,
    async add(item: Item) {
      if (item.kind === 'record') await addRecord(item.record)
      else if (item.kind === 'scores') await addScores(item.scores)
      else if (item.kind === 'ignored') skip(item.why)
      else {
        for (let from = 0; from < item.statements.length; from += mostScores)
          await saveStatements(db, generation, item.statements.slice(from, from + mostScores))
        written.statements += item.statements.length
      }
    },
  }
}

function countIn(ecosystems: Record<string, EcosystemCount>, { modified, packages }: Advisory): void {
  const at = modified.toISOString()
  for (const ecosystem of new Set(packages.map((one) => one.ecosystem))) {
    const { advisories = 0, newest = at } = ecosystems[ecosystem] ?? {}
    ecosystems[ecosystem] = { advisories: advisories + 1, newest: newest > at ? newest : at }
  }
}
