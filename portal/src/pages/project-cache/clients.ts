/** How clients pull through a cache: a command, or a file of their settings (docs/operate/proxy-cache.md). Pure. */

export const clients = ['docker', 'podman', 'containerd', 'k3s'] as const
export type Client = (typeof clients)[number]

/** The cached registry: the host that names of its images begin with, and where it answers. */
type Upstream = { host: string; server: string }

type Through = {
  /** Of Marina: `https://registry.example.com`, and the same without its scheme. */
  url: string
  host: string
  project: string
  upstream: Upstream
  /** An image of the cached registry: `library/nginx:1.27`. */
  image: string
}

/** `path`: the file that the text belongs into; without one the text is a command. */
type Guide = { path?: string; text: string }

/** What lets a client use the cache as a mirror; for docker, which cannot name a project of a mirror, a pull. */
export function guideFor(client: Client, { url, host, project, upstream, image }: Through): Guide {
  switch (client) {
    case 'docker':
      return { text: `docker pull ${host}/${project}/${image}` }
    case 'podman':
      return {
        path: `/etc/containers/registries.conf.d/${project}.conf`,
        text: [
          '[[registry]]',
          `prefix = "${upstream.host}"`,
          `location = "${upstream.host}"`,
          '',
          '[[registry.mirror]]',
          `location = "${host}/${project}"`,
          ...(url.startsWith('http:') ? ['insecure = true'] : []),
        ].join('\n'),
      }
    case 'containerd':
      return {
        path: `/etc/containerd/certs.d/${upstream.host}/hosts.toml`,
        text: [
          `server = "${upstream.server}"`,
          '',
          `[host."${url}/v2/${project}"]`,
          '  capabilities = ["pull", "resolve"]',
          '  override_path = true',
        ].join('\n'),
      }
    case 'k3s':
      return {
        path: '/etc/rancher/k3s/registries.yaml',
        text: [
          'mirrors:',
          `  "${upstream.host}":`,
          `    endpoint: ["${url}"]`,
          '    rewrite:',
          `      "^(.*)$": "${project}/$1"`,
        ].join('\n'),
      }
  }
}

/** `kind` and `address` of the endpoint. Names of Docker Hub begin with another host than the one that answers. */
export function upstreamOf(kind: string, address: string | undefined): Upstream {
  if (kind === 'docker-hub') return { host: 'docker.io', server: 'https://registry-1.docker.io' }
  if (address === undefined || !URL.canParse(address))
    return { host: 'registry.example.com', server: 'https://registry.example.com' }
  const { host, origin } = new URL(address)
  return { host, server: origin }
}
