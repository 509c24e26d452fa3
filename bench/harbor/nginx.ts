import { mkdirSync, writeFileSync } from 'node:fs'
import type { Scratch } from '../scratch.ts'
import type { Parts } from './files.ts'

/**
 * Writes the settings of the nginx in front of Harbor's core, as in make/photon/prepare/templates/nginx: it keeps no
 * bodies, and `/v2/` sees the port of the request, too. There is no portal,
 * though something answers in its place, since Harbor asks after its health. Requests are not logged.
 */
export function writeNginxFile(scratch: Scratch, { core, nginx }: Parts): string {
  const bodies = scratch.path('harbor/bodies')
  mkdirSync(bodies, { recursive: true })
  const file = scratch.path('harbor/nginx.conf')
  const toCore = (prefix: string, host: string) => `
    location ${prefix} {
      proxy_pass http://core${prefix};
      proxy_set_header Host ${host};
      proxy_set_header X-Real-IP $remote_addr;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_buffering off;
      proxy_request_buffering off;
      proxy_send_timeout 900;
      proxy_read_timeout 900;
    }`
  writeFileSync(
    file,
    `daemon off;
worker_processes auto;
${process.getuid?.() === 0 ? 'user root;' : ''}
pid ${scratch.path('harbor/nginx.pid')};
events { worker_connections 3096; use epoll; multi_accept on; }
http {
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((one) => `${one}_temp_path ${bodies};`).join('\n  ')}
  tcp_nodelay on;
  proxy_http_version 1.1;
  access_log off;
  upstream core { server 127.0.0.1:${core}; }
  server {
    listen 127.0.0.1:${nginx};
    server_tokens off;
    client_max_body_size 0;
    add_header X-Frame-Options DENY;
    add_header Content-Security-Policy "frame-ancestors 'none'";
    location / { return 200; }
    location /service/notifications { return 404; }${toCore('/v2/', '$http_host')}${['/c/', '/api/', '/service/']
      .map((prefix) => toCore(prefix, '$host'))
      .join('')}
  }
}
`,
  )
  return file
}
