import { readConfig, type Processor } from './processor.ts'

/** `application/vnd.<vendor>.<type>.config.<version>+json` names the type; a media type of any other form does not. */
const typeForm = /^application\/vnd\.[^.]+\.(.+)\.config\.[^.+]+(?:\.[^.+]+)*(?:\+json)?$/

/** Every artifact that no other processor knows. */
export const other: Processor = {
  type: ({ artifactType, config }) =>
    (typeForm.exec(config?.mediaType ?? '')?.[1] ?? typeForm.exec(artifactType ?? '')?.[1])
      ?.toUpperCase()
      .slice(0, 255) ?? 'UNKNOWN',
  isFor: () => true,
  read: async (manifest, sources) =>
    /\bjson$/.test(manifest.config?.mediaType ?? '') ? readConfig(manifest, sources) : {},
  additions: [],
}
