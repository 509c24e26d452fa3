import { useState } from 'preact/hooks'
import { navigate } from '../../lib/location.ts'
import type { PageProps } from '../../lib/page.ts'
import { canInSystem, isAdministrator } from '../../lib/session.ts'
import { Button } from '../../ui/button.tsx'
import { DeleteProject } from '../../ui/delete-project.tsx'
import { ProjectFrame } from '../../ui/project-frame.tsx'
import { AccessSection } from './access-section.tsx'
import { QuotaSection } from './quota-section.tsx'
import { ScannerSection } from './scanner-section.tsx'
import { SecuritySection } from './security-section.tsx'
import { SignersSection } from './signers-section.tsx'
import { TemplatesSection } from './templates-section.tsx'
import { words } from './words.ts'

/** What a project is like: access, limit, security, and its end. */
export default function ProjectSettings({ params: { project: name } }: PageProps<'project'>) {
  return (
    <ProjectFrame name={name} tab="settings">
      {({ project, can }) => (
        <div class="stack project-settings">
          <AccessSection key={project.update_time} project={project} />
          {can('quota', 'read') && <QuotaSection project={project} mayChange={canInSystem('quota', 'update')} />}
          <SecuritySection project={project} />
          {can('metadata', 'read') && <SignersSection project={project} mayChange={can('metadata', 'update')} />}
          {can('scanner', 'read') && <ScannerSection project={project} mayChange={can('scanner', 'create')} />}
          {isAdministrator.value && <TemplatesSection />}
          {can('project', 'delete') && <DangerSection name={project.name} />}
        </div>
      )}
    </ProjectFrame>
  )
}

function DangerSection({ name }: { name: string }) {
  const [isAsked, setAsked] = useState(false)
  return (
    <section class="card danger-card">
      <h2>{words().danger}</h2>
      <p class="quiet-text">{words().dangerAbout}</p>
      <div class="row below">
        <Button tone="danger" icon="trash" onClick={() => setAsked(true)}>
          {words().deleteAction}
        </Button>
      </div>
      {isAsked && <DeleteProject name={name} onGone={() => navigate('/projects')} onClose={() => setAsked(false)} />}
    </section>
  )
}
