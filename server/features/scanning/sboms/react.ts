import { facts as nouns, type Actor } from '../../../catalog/topics.ts'
import type { Reaction } from '../../../platform/events/reaction.ts'
import { addExecution } from './actions.ts'
import type { SbomJob } from './jobs.ts'
import { listWanted, lockReports } from './store.ts'

const pusher: Actor = { kind: 'system', id: null, name: 'sbom' }

/**
 * Asks for the SBOM of each image that is pushed to a project with `auto_sbom_generation` (S4-31). An image that has
 * one, or of which one is being made, gets no other: it is pushed again with each tag.
 */
export const sbomsOnPush = (type: SbomJob): Reaction => ({
  name: 'sbom',
  topics: [nouns.artifactPushed.topic],
  begins: 'now',
  async handle(tx, facts) {
    const pushed = facts.flatMap((fact) => {
      const told = nouns.artifactPushed.read(fact)
      return told && !told.origin ? [told] : []
    })
    if (pushed.length === 0) return
    const images = await listWanted(tx, ['auto_sbom_generation'], pushed)
    if (images.length === 0) return
    const { busy, made } = await lockReports(
      tx,
      images.map(({ id }) => id),
    )
    const done = new Set([...busy, ...made])
    for (const image of images.filter(({ id }) => !done.has(id)))
      await addExecution(tx, type, {
        artifact: { ...image, repositoryName: image.repository },
        images: [image],
        by: pusher,
        trigger: 'EVENT',
      })
  },
})
