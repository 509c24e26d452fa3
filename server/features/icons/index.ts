export { iconOf } from './default-icons.ts'
export { iconRoutes } from './routes.ts'
