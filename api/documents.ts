import { operation } from './operation.ts'
import { RepositoryPath } from './repositories.ts'
import { nameParam } from './requests.ts'
import { Type } from './type.ts'

/** The bytes of the document as they are stored, as text: what its digest is of. */
export const getDocument = operation({
  id: 'getArtifactDocument',
  tag: 'artifact',
  method: 'GET',
  path: '/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/documents/{document}',
  summary: 'Read the manifest of an artifact, or its config, as text',
  params: Type.Object({
    ...RepositoryPath.properties,
    reference: nameParam,
    document: Type.String({ enum: ['manifest', 'config'] }),
  }),
  status: 200,
  answer: Type.String(),
})
