import { readConfig, type Processor } from './processor.ts'

const forms = [
  'application/vnd.cnai.model.config.v1+json',
  'application/vnd.cncf.model.config.v1+json',
  'application/vnd.cnai.model.manifest.v1+json',
  'application/vnd.cncf.model.manifest.v1+json',
]

/** A machine learning model after the CNAI model specification. */
export const model: Processor = {
  type: 'CNAI',
  isFor: ({ config, artifactType }) => forms.includes(config?.mediaType ?? '') || forms.includes(artifactType ?? ''),
  read: readConfig,
  additions: ['readme.md', 'license', 'files'],
}
