import type { Static } from 'typebox'
import * as api from '../../../api/signatures.ts'
import type { Digest } from '../../../oci/digest.ts'
import type { Project } from '../../catalog/project.ts'
import { actorOf } from '../../registry/caller.ts'
import { route, type ApiRoute } from '../access/index.ts'
import { findAccessories, getArtifact, openArtifacts } from '../artifacts/index.ts'
import { deleteSigner, deleteTrustRoot, putSigner, putTrustRoot } from './actions.ts'
import { findProjectSigners, listHolders, listSigners, listTrustRoots } from './store.ts'
import { checkHeld, type Ground } from './verdicts.ts'
import { parseSigner, presentCheck, presentSigner, presentTrustRoot } from './wire.ts'

export function signatureRoutes(ground: Ground): ApiRoute[] {
  const { db } = ground.reader
  return [
    route(api.listSignatures, { project: 'accessory', verb: 'list' }, ({ project, params }) =>
      listSignatures(ground, project, params),
    ),
    route(api.listSigners, { project: 'metadata', verb: 'read' }, async ({ project }) =>
      (await listSigners(db, project.id)).map(presentSigner),
    ),
    route(api.putSigner, { project: 'metadata', verb: 'update' }, ({ project, params, body, caller }) =>
      putSigner(db, actorOf(caller), project.id, { name: params.signer_name, content: parseSigner(body) }),
    ),
    route(api.deleteSigner, { project: 'metadata', verb: 'delete' }, ({ project, params, caller }) =>
      deleteSigner(db, actorOf(caller), project.id, params.signer_name),
    ),
    route(api.listTrustRoots, 'user', async () => Promise.all((await listTrustRoots(db)).map(presentTrustRoot))),
    route(api.putTrustRoot, { system: 'configuration', verb: 'update' }, ({ params, body, caller }) =>
      putTrustRoot(db, actorOf(caller), params.trust_root_name, body),
    ),
    route(api.deleteTrustRoot, { system: 'configuration', verb: 'update' }, ({ params, caller }) =>
      deleteTrustRoot(db, actorOf(caller), params.trust_root_name),
    ),
  ]
}

/** Of the artifact itself first, then of the indexes that hold it: what is signed by them is signed too. */
async function listSignatures(
  ground: Ground,
  project: Project,
  params: { repository_name: string; reference: string },
): Promise<Static<typeof api.Signature>[]> {
  const { reader, limits } = ground
  const { artifact } = await getArtifact({ reader, artifacts: openArtifacts(reader) }, project, params)
  const repository = { id: artifact.repositoryId, projectId: project.id, name: artifact.repositoryName }
  const signers = (await findProjectSigners(reader, project.id))!
  const subjects: Digest[] = [artifact.digest, ...(await listHolders(reader.db, repository.id, artifact.digest))]
  const rows: Static<typeof api.Signature>[] = []
  for (const subject of subjects) {
    if (rows.length >= limits.perImage) break
    const { held } = await findAccessories(reader, repository.id, subject)
    const checked = await checkHeld(ground, { repository, subject, signers }, held)
    for (const { held: one, checks } of checked)
      rows.push(...checks.map((check) => presentCheck(one.digest, subject, check)))
  }
  return rows
}
