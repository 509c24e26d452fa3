import type { Digest } from '../../../../oci/digest.ts'
import { OciError } from '../../../../oci/errors.ts'
import { findRepository } from '../../../catalog/repository.ts'
import type { Listed, Page, Registry } from '../../registry.ts'
import type { Asking } from './asking.ts'
import { isAbsence, partialText, toClient } from './trouble.ts'
import { within } from './waiting.ts'
import type { Place, ProxyGround } from './types.ts'

type Referrers = Awaited<ReturnType<Registry['listReferrers']>>

/** Lists of a cache: those of the upstream; what is here, while the upstream is in trouble. */
export interface Lists {
  /** As in Harbor, a repository that the upstream does not have has no tags. */
  tags(place: Place, page: Page): Promise<Listed<string>>
  referrers(place: Place, subject: Digest, page: Page & { artifactType?: string }): Promise<Referrers>
}

export function openLists({ reader, local, limits }: ProxyGround, asking: Asking): Lists {
  /** Waits a short time only where there is something here to answer with. */
  async function either<Row>(
    place: Place,
    ask: () => Promise<Listed<Row>>,
    here: () => Promise<Row[]>,
  ): Promise<Listed<Row>> {
    const upstream = place.rules.upstream.name
    const isHere = (await findRepository(reader, place.name)) !== undefined
    try {
      return await within(isHere ? limits.waitMs : undefined, upstream, ask())
    } catch (error) {
      if (!isHere || isAbsence(error)) throw toClient(error, upstream, place.name)
      return Object.assign(await here(), { warning: partialText(upstream, error) })
    }
  }

  return {
    async tags(place, page) {
      try {
        const asked = () => asking.any(place, (remote, at) => remote.listTags(at, page))
        return await either(place, asked, () => local.listTags(place.name, page))
      } catch (error) {
        if (error instanceof OciError && isAbsence(error)) return []
        throw error
      }
    },

    async referrers(place, subject, page) {
      const here = () => local.listReferrers(place.name, subject, page)
      if (!place.rules.asksReferrers) return here()
      try {
        const asked = () => asking.any(place, (remote, at) => remote.listReferrers(at, subject, page))
        return await either(place, asked, here)
      } catch (error) {
        if (error instanceof OciError && isAbsence(error)) return here()
        throw error
      }
    },
  }
}
