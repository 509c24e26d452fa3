import { topic } from '../../catalog/topic.ts'
import { artifactName, type Place } from '../../catalog/topics.ts'

type Labeling = Place & { digest: string; labelId: number }

export const facts = {
  artifactCopied: topic<Place & { digest: string; from: string; tags: string[] }>('artifact.copied', {
    operation: 'create',
    resource: artifactName,
    description: (of) => `copy artifact: ${artifactName(of)} from ${of.from}`,
  }),
  artifactLabeled: topic<Labeling>('artifact.labeled', {
    operation: 'update',
    resource: artifactName,
    description: (of) => `put label ${of.labelId} on ${artifactName(of)}`,
  }),
  artifactUnlabeled: topic<Labeling>('artifact.unlabeled', {
    operation: 'update',
    resource: artifactName,
    description: (of) => `take label ${of.labelId} off ${artifactName(of)}`,
  }),
}
