export { deleteArtifact } from './actions/delete.ts'
export { describe } from './describe.ts'
export { artifactRoutes } from './routes/routes.ts'
