import { query } from '../../lib/location.ts'
import type { PageProps } from '../../lib/page.ts'
import { projectPlace } from '../../lib/places.ts'
import { ProjectFrame } from '../../ui/project-frame.tsx'
import { ArtifactLevel, ProjectLevel } from './levels.tsx'
import { words } from './words.ts'

/** What takes the bytes of one project, for its members: its repositories, and the artifacts of one. */
export default function ProjectUsage({ params: { project } }: PageProps<'project'>) {
  const repository = query.value.get('repository')
  const placeOf = (name: string) => `${projectPlace(project)}/-/usage?repository=${encodeURIComponent(name)}`
  return (
    <ProjectFrame name={project} tab="usage" {...(repository === null ? {} : { title: repository })}>
      {() => (
        <>
          <p class="tab-about">{words().explain}</p>
          {repository === null ? (
            <ProjectLevel project={project} placeOf={placeOf} />
          ) : (
            <ArtifactLevel project={project} repository={repository} />
          )}
        </>
      )}
    </ProjectFrame>
  )
}
