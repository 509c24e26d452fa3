import { pushWords } from '../i18n/push.ts'
import { registryHost, user } from '../lib/session.ts'
import { CodeView } from './code.tsx'
import { Dialog } from './dialog.tsx'

/** Signs in at this host as this user. A shell takes a name in quotes as it is, `$` included. */
function loginCommand(): string {
  const name = user.value?.username
  const quoted = name === undefined || /^[\w.@-]+$/.test(name) ? name : `'${name.replaceAll("'", `'\\''`)}'`
  return `docker login ${registryHost.value}${quoted === undefined ? '' : ` --username ${quoted}`}`
}

/** The three commands that push a local image; `repository` with its project, such as `team/app`. */
export const pushCommands = (repository: string, tag = '1.0'): string =>
  [
    loginCommand(),
    `docker tag my-image ${registryHost.value}/${repository}:${tag}`,
    `docker push ${registryHost.value}/${repository}:${tag}`,
  ].join('\n')

type HelpProps = {
  project: string
  /** With its project; without it an example stands in its place. */
  repository?: string
  onClose(): void
}

/** How to push an image, a chart or a file into a project. */
export function PushHelp({ project, repository, onClose }: HelpProps) {
  const host = registryHost.value
  const name = repository ?? `${project}/my-image`
  return (
    <Dialog title={pushWords().title(repository ?? project)} onClose={onClose} shape="wide">
      <p class="quiet-text">{pushWords().hint}</p>
      <h3>{pushWords().docker}</h3>
      <CodeView label={pushWords().docker} text={pushCommands(name)} />
      {repository === undefined && (
        <>
          <h3>{pushWords().chart}</h3>
          <CodeView label={pushWords().chart} text={`helm push my-chart-1.0.0.tgz oci://${host}/${project}`} />
        </>
      )}
      <h3>{pushWords().oras}</h3>
      <CodeView label={pushWords().oras} text={`oras push ${host}/${name}:1.0 ./file.txt:text/plain`} />
    </Dialog>
  )
}
