/** Harbor calls the ids of quotas, retention policies, registries and what belongs to replication only `id`. */
const ofPath = [
  ['/retentions/', 'retentions'],
  ['/registries/', 'registry'],
  ['/replication/policies/', 'replicationPolicy'],
  ['/replication/executions/', 'replicationExecution'],
] as const

/** Harbor has the same names for executions of webhooks and of preheating. */
const preheatNames: Record<string, string> = { execution_id: 'preheatExecution', task_id: 'preheatTask' }

/** By which name `openTargets` makes what a path names here. */
export function nameIn(path: string, name: string): string {
  if (name === 'task_id' && path.startsWith('/replication/')) return 'replicationTask'
  if (path.includes('/preheat/') && preheatNames[name] !== undefined) return preheatNames[name]
  return (name === 'id' && ofPath.find(([start]) => path.startsWith(start))?.[1]) || name
}
