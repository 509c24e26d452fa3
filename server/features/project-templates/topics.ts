import { topic } from '../../catalog/topic.ts'

type OfTemplate = { templateId: number; name: string }
const resource = ({ name }: OfTemplate) => name

export const facts = {
  templateCreated: topic<OfTemplate>('project-template.created', { resource }),
  templateChanged: topic<OfTemplate>('project-template.changed', { operation: 'update', resource }),
  templateDeleted: topic<OfTemplate>('project-template.deleted', { resource }),
  /** A new project was given what a template says. */
  templateApplied: topic<OfTemplate & { projectId: number }>('project-template.applied', {
    operation: 'apply',
    resource,
  }),
}
