import { topic } from '../../catalog/topic.ts'

type OfCache = { projectId: number; project: string }
const resource = ({ project }: OfCache) => project

export const facts = {
  /** `repository` and `tag` are null where all of them are meant. */
  refreshed: topic<OfCache & { repository: string | null; tag: string | null; tags: number }>('proxy-cache.refreshed', {
    operation: 'refresh',
    resource,
    description: ({ tags, project }) => `ask again for ${tags} tags that ${project} has cached`,
  }),
  forgotten: topic<OfCache & { repository: string; tag: string }>('proxy-cache.forgotten', {
    operation: 'forget',
    resource: ({ repository, tag }) => `${repository}:${tag}`,
    description: ({ repository, tag }) => `forget ${repository}:${tag}`,
  }),
  prefetchAsked: topic<OfCache & { executionId: number; images: number }>('proxy-cache.prefetch-asked', {
    operation: 'prefetch',
    resource,
    description: ({ images, project }) => `fetch ${images} images into ${project}`,
  }),
  /** What was not pulled for longest, or is too old. */
  evicted: topic<OfCache & { artifacts: number; reason: 'age' | 'budget' }>('proxy-cache.evicted', {
    operation: 'evict',
    resource,
    description: ({ artifacts, reason, project }) => `evict ${artifacts} artifacts from ${project} (${reason})`,
  }),
}
