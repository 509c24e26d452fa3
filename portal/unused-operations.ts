const pageOfTags = 'the page of a repository lists tags with their artifacts by listRepositoryTags and listArtifacts'
const one = 'the page of the list already holds all that it answers'
const scanning = 'a project cannot choose a scanner before Marina scans'
const forScripts = 'neither a page nor the command line has it yet: for scripts'
const settings = 'getProject and updateProject read and write all of it at once'
const deliveries = 'the delivery inspector reads getDelivery, which holds this, too'
const notYet = 'scans and SBOMs have no page yet'
const exported = 'a report of all artifacts has no page and no command yet: for scripts'

/** The operations of the API that no page uses, by their ids, with the reason. A test compares it with the sources. */
export const unusedOperations: Readonly<Record<string, string>> = {
  listAccessories: 'getArtifactGraph tells of an artifact and all that belongs to it',
  listArtifactsOfProject: pageOfTags,
  listTags: pageOfTags,
  getRepository: pageOfTags,
  listAuditLogEventTypes: 'the page of activity offers kinds and operations of its own catalogue',
  listAuditLogs: 'the older form of the audit log: pages read listAuditLogExts',
  getLogs: 'the older form of the audit log: pages read listAuditLogExts',
  getInternalconfig: 'for processes of the same Marina',
  reportDeployments: 'for the agent of a cluster, which reports what runs there',
  getRegistry: one,
  getRegistryInfo: one,
  exportArtifacts: exported,
  listArtifactExports: exported,
  getArtifactExport: exported,
  downloadArtifactExport: exported,
  getIcon: 'the portal has icons of its own for the kinds of artifacts',
  GetLabelByID: one,
  getProjectMember: one,
  listProjectMetadatas: settings,
  getProjectMetadata: settings,
  addProjectMetadatas: settings,
  updateProjectMetadata: settings,
  deleteProjectMetadata: settings,
  getProjectTemplate: one,
  headProject: 'createProject says itself that a name is taken',
  getQuota: one,
  listParkedFacts: 'the page of jobs counts them, and retries them; what they hold is for scripts',
  replayFacts: forScripts,
  listSystemRetentions: forScripts,
  getRentenitionMetadata: 'the editor of rules speaks of rules in their newer form, which this does not tell of',
  GetRobotByID: one,
  getScanner: one,
  getScannerOfProject: scanning,
  listScannerCandidatesOfProject: scanning,
  setScannerOfProject: scanning,
  listTopRepositories: 'the home page shows what is of interest to its reader, and scores what is used least',
  getStatistic: 'the lists themselves tell their totals',
  getCert: 'the page About links to it as a download',
  getPing: 'for load balancers',
  getUserGroup: one,
  getUser: one,
  LastTrigger: 'the list of policies holds its state',
  ListWebhookJobs: 'the older form of the list of deliveries',
  ListTasksOfWebhookExecution: deliveries,
  GetLogsOfWebhookTask: deliveries,
  ListTasksOfSystemWebhookExecution: deliveries,
  GetLogsOfSystemWebhookTask: deliveries,
  scanArtifact: notYet,
  stopScanArtifact: notYet,
  getReportLog: notYet,
  getSbom: notYet,
}
