import { facts as nouns, type Actor } from '../../../catalog/topics.ts'
import type { Reaction } from '../../../platform/events/reaction.ts'
import { listWanted } from '../sboms/store.ts'
import { findScannerOfProject } from '../store.ts'
import { addScan } from './actions.ts'
import type { ScanJob } from './jobs.ts'
import { listMade, lockReports } from './store.ts'

const pusher: Actor = { kind: 'system', id: null, name: 'scan' }

/**
 * Has each image scanned that is pushed to a project with `auto_scan` (S4-31) or `hold_until_scanned`. An image that
 * has a report of the project's scanner, or is being scanned, is not scanned again: it is pushed again with each tag.
 * Without a scanner, or with a disabled one, nothing happens.
 */
export const scansOnPush = (type: ScanJob): Reaction => ({
  name: 'scan',
  topics: [nouns.artifactPushed.topic],
  begins: 'now',
  async handle(tx, facts) {
    const pushed = facts.flatMap((fact) => {
      const told = nouns.artifactPushed.read(fact)
      return told && !told.origin ? [told] : []
    })
    if (pushed.length === 0) return
    const images = await listWanted(tx, ['auto_scan', 'hold_until_scanned'], pushed)
    for (const [projectId, ofProject] of Map.groupBy(images, (one) => one.projectId)) {
      const scanner = await findScannerOfProject(tx, projectId)
      if (!scanner || scanner.isDisabled) continue
      const ids = ofProject.map(({ id }) => id)
      const busy = await lockReports(tx, scanner.id, ids)
      const made = new Set(await listMade(tx, scanner.id, ids))
      for (const image of ofProject.filter(({ id }) => !busy.has(id) && !made.has(id))) {
        const artifact = { ...image, repositoryName: image.repository }
        await addScan(tx, type, { scanner, artifact, images: [image], by: pusher, trigger: 'EVENT' })
      }
    }
  },
})
