import { wordsOf } from './language.ts'

const en: Record<string, string> = {
  ARTIFACT_EXPORT: 'Reports of artifacts',
  AUDIT_LOGS_GDPR_COMPLIANT: 'Names masked in the audit log',
  ENDPOINT_HEALTH: 'Checks of endpoints',
  EXECUTION_SWEEP: 'Clean-up of old runs',
  GARBAGE_COLLECTION: 'Collection',
  IMAGE_SCAN: 'Scans of images',
  P2P_PREHEAT: 'Preheating: images',
  P2P_PREHEAT_PLAN: 'Preheating: plans',
  PROXY_CACHE_PREFETCH: 'Caches: fetches ahead',
  PURGE_AUDIT_LOG: 'Purge of the audit log',
  REPLICATION: 'Replication: copies',
  REPLICATION_PLAN: 'Replication: plans',
  RETENTION: 'Retention',
  RETENTION_RESTORE: 'Retention: runs taken back',
  RETENTION_START: 'Retention: starts',
  SBOM: 'SBOMs',
  SCAN_ALL: 'Scan of all images',
  SCAN_DATA_EXPORT: 'Reports of vulnerabilities',
  SYSTEM_ARTIFACT_CLEANUP: 'Clean-up of reports',
  VULNDB_IMPORT: 'Database of vulnerabilities: imports',
  VULNDB_MATCH: 'Database of vulnerabilities: images matched again',
}

const de: typeof en = {
  ARTIFACT_EXPORT: 'Berichte über Artefakte',
  AUDIT_LOGS_GDPR_COMPLIANT: 'Maskieren von Namen im Audit-Log',
  ENDPOINT_HEALTH: 'Prüfung der Endpunkte',
  EXECUTION_SWEEP: 'Aufräumen alter Läufe',
  GARBAGE_COLLECTION: 'Speicherbereinigung',
  IMAGE_SCAN: 'Scans von Images',
  P2P_PREHEAT: 'Vorwärmen: Images',
  P2P_PREHEAT_PLAN: 'Vorwärmen: Pläne',
  PROXY_CACHE_PREFETCH: 'Caches: Vorausholen',
  PURGE_AUDIT_LOG: 'Kürzen des Audit-Logs',
  REPLICATION: 'Replikation: Kopien',
  REPLICATION_PLAN: 'Replikation: Pläne',
  RETENTION: 'Aufbewahrung',
  RETENTION_RESTORE: 'Aufbewahrung: zurückgenommene Läufe',
  RETENTION_START: 'Aufbewahrung: Starts',
  SBOM: 'SBOMs',
  SCAN_ALL: 'Scan aller Images',
  SCAN_DATA_EXPORT: 'Berichte über Schwachstellen',
  SYSTEM_ARTIFACT_CLEANUP: 'Aufräumen von Berichten',
  VULNDB_IMPORT: 'Schwachstellen-Datenbank: Importe',
  VULNDB_MATCH: 'Schwachstellen-Datenbank: erneuter Abgleich',
}

/** What kinds of jobs are called, by the API's words for them. */
export const kindsOfJobs = wordsOf({ en, de })

/** What a kind of job is called. */
export const kindOf = (type: string): string => kindsOfJobs()[type] ?? type
