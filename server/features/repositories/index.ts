export { getRepositoryOf } from './find.ts'
export { encodeRepositoryName } from './path.ts'
export { repositoryRoutes } from './routes.ts'
