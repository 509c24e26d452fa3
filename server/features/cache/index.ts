export { countCache, forgetCached, listCacheKeys, lookIntoCache, type CacheOfAll, type Overview } from './actions.ts'
export { openCacheAnswers } from './answer.ts'
export { cacheRoutes } from './routes.ts'
