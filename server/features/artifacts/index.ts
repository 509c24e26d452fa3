export { deleteArtifact } from './actions/delete.ts'
export type { Column as ArtifactColumn } from './columns.ts'
export { describe } from './describe.ts'
export { artifactRoutes } from './routes/routes.ts'
