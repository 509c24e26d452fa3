import type { getArtifact } from '../../../../api/artifacts.ts'
import type { AnswerOf } from '../../../../api/operation.ts'
import type { InProject } from '../../ui/project-frame.tsx'

export type Artifact = AnswerOf<typeof getArtifact>

/** An artifact's page: what is shown, who looks, and the tag by which they came. `repository` without the project. */
export type InArtifact = InProject & { repository: string; artifact: Artifact; tag: string | undefined }
