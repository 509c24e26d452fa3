import { topic } from '../../catalog/topic.ts'

type OfCluster = { projectId: number; cluster: string }
const resource = ({ cluster }: OfCluster) => `cluster ${cluster}`

export const facts = {
  /** A cluster said how many artifacts of a project it runs. */
  deploymentsReported: topic<OfCluster & { images: number }>('deployment.reported', {
    operation: 'update',
    resource,
    description: ({ cluster, images }) => `the cluster ${cluster} runs ${images} artifacts`,
  }),
  deploymentsForgotten: topic<OfCluster>('deployment.forgotten', { operation: 'delete', resource }),
}
