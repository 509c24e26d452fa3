import { topic } from '../../catalog/topic.ts'

export const facts = {
  /** `key` is null for all keys of the resource. */
  cacheForgotten: topic<{ resource: string; key: string | null }>('cache.forgotten', {
    resource: ({ resource, key }) => key || resource,
  }),
}
