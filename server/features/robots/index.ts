export { openRobotUses, robotLogin } from './login.ts'
export { robotRoutes } from './routes.ts'
