import { Type } from 'typebox'
import { Label } from './labels.ts'

const ExtraAttrs = Type.Record(Type.String(), Type.Unknown())

const Annotations = Type.Record(Type.String(), Type.String())

const Platform = Type.Object({
  architecture: Type.Optional(Type.String()),
  os: Type.Optional(Type.String()),
  'os.version': Type.Optional(Type.String()),
  'os.features': Type.Optional(Type.Array(Type.String())),
  variant: Type.Optional(Type.String()),
})

const Reference = Type.Object({
  parent_id: Type.Optional(Type.Integer()),
  child_id: Type.Optional(Type.Integer()),
  child_digest: Type.Optional(Type.String()),
  platform: Type.Optional(Platform),
  annotations: Type.Optional(Annotations),
  urls: Type.Optional(Type.Array(Type.String())),
})

export const Tag = Type.Object({
  id: Type.Optional(Type.Integer()),
  repository_id: Type.Optional(Type.Integer()),
  artifact_id: Type.Optional(Type.Integer()),
  name: Type.Optional(Type.String()),
  push_time: Type.Optional(Type.String({ format: 'date-time' })),
  pull_time: Type.Optional(Type.String({ format: 'date-time' })),
  immutable: Type.Optional(Type.Boolean()),
})

const AdditionLink = Type.Object({
  href: Type.Optional(Type.String()),
  absolute: Type.Optional(Type.Boolean()),
})

const AdditionLinks = Type.Record(Type.String(), AdditionLink)

const VulnerabilitySummary = Type.Object({
  total: Type.Optional(Type.Integer()),
  fixable: Type.Optional(Type.Integer()),
  summary: Type.Optional(Type.Record(Type.String(), Type.Integer())),
})

const Scanner = Type.Object({
  name: Type.Optional(Type.String()),
  vendor: Type.Optional(Type.String()),
  version: Type.Optional(Type.String()),
})

const NativeReportSummary = Type.Object({
  report_id: Type.Optional(Type.String()),
  scan_status: Type.Optional(Type.String()),
  severity: Type.Optional(Type.String()),
  duration: Type.Optional(Type.Integer()),
  summary: Type.Optional(VulnerabilitySummary),
  start_time: Type.Optional(Type.String({ format: 'date-time' })),
  end_time: Type.Optional(Type.String({ format: 'date-time' })),
  complete_percent: Type.Optional(Type.Integer()),
  scanner: Type.Optional(Scanner),
})

const ScanOverview = Type.Record(Type.String(), NativeReportSummary)

const SBOMOverview = Type.Object({
  start_time: Type.Optional(Type.String({ format: 'date-time' })),
  end_time: Type.Optional(Type.String({ format: 'date-time' })),
  scan_status: Type.Optional(Type.String()),
  sbom_digest: Type.Optional(Type.String()),
  report_id: Type.Optional(Type.String()),
  duration: Type.Optional(Type.Integer()),
  scanner: Type.Optional(Scanner),
})

export const Accessory = Type.Object({
  id: Type.Optional(Type.Integer()),
  artifact_id: Type.Optional(Type.Integer()),
  subject_artifact_id: Type.Optional(Type.Integer()),
  subject_artifact_digest: Type.Optional(Type.String()),
  subject_artifact_repo: Type.Optional(Type.String()),
  size: Type.Optional(Type.Integer()),
  digest: Type.Optional(Type.String()),
  type: Type.Optional(Type.String()),
  icon: Type.Optional(Type.String()),
  creation_time: Type.Optional(Type.String({ format: 'date-time' })),
})

export const Artifact = Type.Object({
  id: Type.Optional(Type.Integer()),
  type: Type.Optional(Type.String()),
  media_type: Type.Optional(Type.String()),
  manifest_media_type: Type.Optional(Type.String()),
  artifact_type: Type.Optional(Type.String()),
  project_id: Type.Optional(Type.Integer()),
  repository_id: Type.Optional(Type.Integer()),
  repository_name: Type.Optional(Type.String()),
  digest: Type.Optional(Type.String()),
  size: Type.Optional(Type.Integer()),
  icon: Type.Optional(Type.String()),
  push_time: Type.Optional(Type.String({ format: 'date-time' })),
  pull_time: Type.Optional(Type.String({ format: 'date-time' })),
  extra_attrs: Type.Optional(ExtraAttrs),
  annotations: Type.Optional(Annotations),
  references: Type.Optional(Type.Array(Reference)),
  tags: Type.Optional(Type.Array(Tag)),
  addition_links: Type.Optional(AdditionLinks),
  labels: Type.Optional(Type.Array(Label)),
  scan_overview: Type.Optional(ScanOverview),
  sbom_overview: Type.Optional(SBOMOverview),
  accessories: Type.Optional(Type.Array(Accessory)),
  inherited_accessories: Type.Optional(Type.Array(Accessory)),
})

export const NewTag = Type.Object({
  name: Type.Optional(Type.String()),
})
