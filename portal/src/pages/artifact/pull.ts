/** Commands that get an artifact, by tool. Pure. */

type Pull = {
  /** `registry.example.com/team/apps/web`. */
  name: string
  /** `:1.0` or `@sha256:…`. */
  reference: string
  /** As the API names types: IMAGE, CHART, … */
  type: string
  /** For pulls that need an account; undefined for public projects. */
  user: string | undefined
}

export type Tool = 'docker' | 'podman' | 'nerdctl' | 'containerd' | 'kubernetes' | 'skopeo' | 'crane' | 'oras' | 'helm'

const ofImages: Tool[] = ['docker', 'podman', 'nerdctl', 'containerd', 'kubernetes', 'skopeo', 'crane', 'oras']
const ofCharts: Tool[] = ['helm', 'oras', 'skopeo', 'crane']
const ofOthers: Tool[] = ['oras', 'skopeo', 'crane']

/** The tools that can do something with a type, the likeliest first. */
export function toolsFor(type: string): Tool[] {
  return type === 'IMAGE' ? ofImages : type === 'CHART' ? ofCharts : ofOthers
}

/** A name as a shell takes it: in single quotes where it has other signs than letters, digits and `_ . @ -`. */
const quoted = (text: string) => (/^[\w.@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)

const hostOf = ({ name }: Pull) => name.slice(0, name.indexOf('/'))

/** Signs in first, where that is needed. */
function withLogin(pull: Pull, login: string, ...commands: string[]): string {
  const first = pull.user === undefined ? [] : [`${login} ${hostOf(pull)} --username ${quoted(pull.user)}`]
  return [...first, ...commands].join('\n')
}

/** The commands of one tool, one a line; for Kubernetes a manifest. */
export function commandsFor(tool: Tool, pull: Pull): string {
  const whole = `${pull.name}${pull.reference}`
  switch (tool) {
    case 'docker':
    case 'podman':
    case 'nerdctl':
      return withLogin(pull, `${tool} login`, `${tool} pull ${whole}`)
    case 'containerd':
      return `ctr images pull ${pull.user === undefined ? '' : `--user ${quoted(pull.user)} `}${whole}`
    case 'kubernetes':
      return podOf(pull, whole)
    case 'skopeo':
      return withLogin(pull, 'skopeo login', `skopeo copy docker://${whole} oci:./image`)
    case 'crane':
      return withLogin(pull, 'crane auth login', `crane pull ${whole} image.tar`)
    case 'oras':
      return withLogin(
        pull,
        'oras login',
        pull.type === 'IMAGE' ? `oras copy ${whole} --to-oci-layout ./image` : `oras pull ${whole}`,
      )
    case 'helm': {
      // Helm takes a tag as a version; a digest stands in the name.
      const version = pull.reference.startsWith(':') ? ` --version ${pull.reference.slice(1)}` : ''
      const chart = `oci://${pull.name}${version === '' ? pull.reference : ''}${version}`
      return withLogin(pull, 'helm registry login', `helm pull ${chart}`, `helm install my-release ${chart}`)
    }
  }
}

/** A pod that runs the image; a private one needs a secret, which the first line makes. */
function podOf(pull: Pull, whole: string): string {
  const secret = pull.name.split('/')[1]!.replaceAll(/[^a-z0-9]+/g, '-')
  const login =
    pull.user === undefined
      ? []
      : [
          `# kubectl create secret docker-registry ${secret} --docker-server=${hostOf(pull)} \\`,
          `#   --docker-username=${quoted(pull.user)} --docker-password=...`,
        ]
  return [
    ...login,
    'apiVersion: v1',
    'kind: Pod',
    'metadata:',
    '  name: my-pod',
    'spec:',
    ...(pull.user === undefined ? [] : ['  imagePullSecrets:', `    - name: ${secret}`]),
    '  containers:',
    '    - name: main',
    `      image: ${whole}`,
  ].join('\n')
}
