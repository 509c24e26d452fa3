import type { AnswerOf } from '../../../../api/operation.ts'
import type { getProxyCache, listProxyCacheTags } from '../../../../api/proxy-cache.ts'
import { forget } from '../../lib/query.ts'
import type { InProject } from '../../ui/project-frame.tsx'

export type CachedTag = AnswerOf<typeof listProxyCacheTags>[number]

/** What the parts of the page are about. `address`: of the cached registry, once that is known. */
export type InCache = InProject & { cache: AnswerOf<typeof getProxyCache>; address: string | undefined }

/** `library/nginx:1.27`, as the cached registry has it. */
export const imageOf = ({ repository, tag }: CachedTag): string => `${repository}:${tag}`

/** Asks again for all that is shown of what the project has cached. */
export const forgetCache = (project: string): void =>
  forget(`/projects/${project}/proxy-cache`, `/projects/${project}/repositories`, '/system/proxy-caches')
