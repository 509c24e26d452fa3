export { addGroup, groupProblem, setGroupsOf } from './actions.ts'
export { userGroupRoutes } from './routes.ts'
export { findGroup, findGroupByDn, findGroupByName, groupTypes, type Group, type GroupType } from './store.ts'
