export { createProject, deleteProject } from './actions.ts'
export { projectRoutes } from './routes.ts'
