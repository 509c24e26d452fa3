import { mkdir, writeFile } from 'node:fs/promises'
import { makeKey } from '../bearer.ts'
import { getBytes, putFile, size, writeRandom } from '../big-blob.ts'
import { startMarina } from '../registries.ts'
import { takeTurns, type Row, type Scenario } from '../scenario.ts'
import { freePort, type Program, type Scratch } from '../scratch.ts'

const MiB = 2 ** 20
const name = 'library/bench'

export const blobGet: Scenario = {
  name: 'blob-get',
  says: "GET of a blob of 512 MiB by curl beside Debian's nginx, which sends the same file; then the same by TLS",
  async run(bench): Promise<Row[]> {
    const { scratch } = bench
    const [file, key] = [scratch.path('blob'), await makeKey(scratch)]
    const digest = await writeRandom(file)
    const marina = await startMarina(scratch)
    await putFile(marina, name, file, digest)
    const token = await marina.token([name])
    const nginx = await startNginx(scratch, key)
    const path = `/v2/${name}/blobs/${digest}`
    const speed = async (url: string, bearer?: string) => size / MiB / (await getBytes(url, bearer))
    const plain = await takeTurns(bench, 'blob GET, MiB/s', {
      marina: () => speed(`http://127.0.0.1:${marina.port}${path}`, token),
      nginx: () => speed(`http://127.0.0.1:${nginx.port}/blob`),
    })
    await marina.stop()
    const secure = await startMarina(scratch, { MARINA_TLS_CERT: key.certificate, MARINA_TLS_KEY: key.file })
    const tls = await takeTurns(bench, 'blob GET by TLS, MiB/s', {
      marina: () => speed(`https://127.0.0.1:${secure.port}${path}`, token),
      nginx: () => speed(`https://127.0.0.1:${nginx.tlsPort}/blob`),
    })
    return [rowOf('blob GET, 512 MiB', plain), rowOf('blob GET by TLS, 512 MiB', tls)]
  },
}

function rowOf(what: string, { marina, nginx }: { marina: number[]; nginx: number[] }): Row {
  return { what, unit: 'MiB/s', ours: marina, against: { name: 'nginx', values: nginx }, target: { ratio: 0.9 } }
}

/** nginx with a worker for each core and sendfile, which serves the scratch folder's file `blob`. */
async function startNginx(
  scratch: Scratch,
  key: { certificate: string; file: string },
): Promise<Program & { tlsPort: number }> {
  const [port, tlsPort, config] = [await freePort(), await freePort(), scratch.path('nginx.conf')]
  await mkdir(scratch.path('nginx'), { recursive: true })
  await writeFile(
    config,
    `daemon off; ${process.getuid?.() === 0 ? 'user root;' : ''} worker_processes auto;
    pid ${scratch.path('nginx/pid')}; error_log ${scratch.path('nginx/error.log')};
    events { worker_connections 1024; }
    http {
      access_log off; sendfile on; tcp_nopush on; default_type application/octet-stream;
      client_body_temp_path ${scratch.path('nginx/body')}; proxy_temp_path ${scratch.path('nginx/proxy')};
      fastcgi_temp_path ${scratch.path('nginx/fastcgi')}; uwsgi_temp_path ${scratch.path('nginx/uwsgi')};
      scgi_temp_path ${scratch.path('nginx/scgi')};
      server {
        listen 127.0.0.1:${port}; listen 127.0.0.1:${tlsPort} ssl;
        ssl_certificate ${key.certificate}; ssl_certificate_key ${key.file}; ssl_protocols TLSv1.2 TLSv1.3;
        location = /blob { root ${scratch.dir}; }
      }
    }`,
  )
  return { ...(await scratch.start(['nginx', '-c', config], { port })), tlsPort }
}
