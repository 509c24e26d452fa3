import * as api from '../../../../api/compare.ts'
import { isDigest } from '../../../../oci/digest.ts'
import { isTag } from '../../../../oci/reference.ts'
import type { Project } from '../../../catalog/project.ts'
import { Failure } from '../../../platform/http/failure.ts'
import { route, type ApiRoute, type Rights } from '../../access/index.ts'
import { compare, entryFor, type Side } from '../compare/compare.ts'
import type { ArtifactObject } from '../store.ts'
import { getArtifact, getSource, parseFrom, type Parts } from './shared.ts'

/** Compares an artifact with another one, also of another repository. */
export function compareRoute({ reader, registry, artifacts }: Parts): ApiRoute {
  const place = { reader, artifacts }

  return route(
    api.compareArtifacts,
    { project: 'artifact-addition', verb: 'read' },
    async ({ project, params, query, rights }) => {
      const { artifact } = await getArtifact(place, project, params)
      const other = await findOther(project, params.repository_name, query.with, rights)
      const [before, after] = await Promise.all([sideOf(artifact, query.platform), sideOf(other, query.platform)])
      return compare(registry, before, after)
    },
  )

  async function findOther(project: Project, repository: string, text: string, rights: Rights) {
    const isNear = isTag(text) || isDigest(text)
    if (isNear) return (await getArtifact(place, project, { repository_name: repository, reference: text })).artifact
    const from = parseFrom('with', text)
    const origin = await getSource(reader, from, rights, 'artifact-addition')
    return (await getArtifact(place, origin, from)).artifact
  }

  /** The artifact, or of an index the part for the platform. */
  async function sideOf(artifact: ArtifactObject, wanted: string | undefined): Promise<Side> {
    if (wanted === undefined || artifact.kind !== 'index') return { artifact, platform: null }
    const { childId, platform } = entryFor(artifact, wanted)
    const [child] = await artifacts.list([childId])
    if (!child) throw new Failure('NOT_FOUND', `the part of ${artifact.digest} for ${wanted} was deleted just now`)
    return { artifact: child, platform }
  }
}
