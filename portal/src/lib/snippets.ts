/** Ready-made text that hands a name and its secret to a tool. */
type Login = {
  /** Host and port, as clients write them before a repository. */
  host: string
  /** The address of the API. */
  api: string
  name: string
  secret: string
  /** Where it pushes or pulls: a project's name. */
  project: string
}

export type Tool = 'docker' | 'kubernetes' | 'github' | 'gitlab' | 'api'

/** Quotes a text for a POSIX shell: names of robots hold a `$`. */
const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`

export const snippets: Record<Tool, (login: Login) => string> = {
  docker: ({ host, name, secret }) =>
    `printf %s ${quoted(secret)} | docker login ${host} --username ${quoted(name)} --password-stdin`,
  api: ({ api, name, secret }) => `curl --user ${quoted(`${name}:${secret}`)} ${quoted(`${api}/projects`)}`,
  kubernetes: ({ host, name, secret, project }) =>
    [
      `kubectl create secret docker-registry marina-${project} \\`,
      `  --docker-server=${host} \\`,
      `  --docker-username=${quoted(name)} \\`,
      `  --docker-password=${quoted(secret)}`,
      `# in the pod:  imagePullSecrets: [{ name: marina-${project} }]`,
    ].join('\n'),
  github: ({ host, name, secret, project }) =>
    [
      `gh secret set MARINA_USER --body ${quoted(name)}`,
      `gh secret set MARINA_SECRET --body ${quoted(secret)}`,
      '',
      '# .github/workflows/build.yml, below "steps:"',
      '- uses: docker/login-action@v3',
      '  with:',
      `    registry: ${host}`,
      '    username: ${{ secrets.MARINA_USER }}',
      '    password: ${{ secrets.MARINA_SECRET }}',
      `- run: docker build -t ${host}/${project}/app:\${{ github.sha }} .`,
      `- run: docker push ${host}/${project}/app:\${{ github.sha }}`,
    ].join('\n'),
  gitlab: ({ host, name, secret, project }) =>
    [
      '# Settings > CI/CD > Variables: masked, and not expanded (the name holds a $)',
      `# MARINA_USER    ${name}`,
      `# MARINA_SECRET  ${secret}`,
      '',
      '# .gitlab-ci.yml',
      'build:',
      '  script:',
      `    - printf %s "$MARINA_SECRET" | docker login ${host} --username "$MARINA_USER" --password-stdin`,
      `    - docker build -t ${host}/${project}/app:$CI_COMMIT_SHORT_SHA .`,
      `    - docker push ${host}/${project}/app:$CI_COMMIT_SHORT_SHA`,
    ].join('\n'),
}
