import { readFile } from 'node:fs/promises'
import type { Outbound } from '../../../platform/outbound/outbound.ts'

/** Keys of AWS. `token` belongs to keys of a role, which end at `endsAt`. */
export type AwsKeys = { id: string; secret: string; token?: string; endsAt?: Date }

/** Finds the keys of the role of the machine or container that Marina runs in. Throws Error with what was tried. */
export type MachineRole = () => Promise<AwsKeys>

/**
 * The link-local addresses at which AWS tells a machine its role: the instance's metadata service, and those of ECS and
 * EKS. The guard of all outbound calls closes them for whatever a person enters; Marina itself calls these alone, with
 * paths that it knows.
 */
export const roleAddresses = ['169.254.169.254', '169.254.170.2', '169.254.170.23', 'fd00:ec2::23']

type Place = {
  /** An outbound that may call `roleAddresses`, and is used here only. */
  outbound: Pick<Outbound, 'send'>
  /** `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` and its like, as AWS sets them in containers. */
  env: Readonly<Record<string, string | undefined>>
  /** The instance's metadata service. */
  metadataUrl?: string
  containerUrl?: string
}

const timeoutMs = 2000
const answerBytes = 64 * 1024
/** Keys are asked for again this long before they end. */
const earlyMs = 5 * 60_000

/**
 * Keys of the container's role, otherwise of the instance's (IMDSv2), kept until shortly before they end. Sources: AWS
 * SDKs Reference, "Container credential provider"; EC2 User Guide, "Retrieve security credentials from instance
 * metadata".
 */
export function openMachineRole(place: Place): MachineRole {
  let kept: Promise<AwsKeys> | undefined
  let endsAt = 0
  return async () => {
    if (kept && Date.now() < endsAt - earlyMs) return kept
    const asked = askRole(place)
    kept = asked
    endsAt = Infinity
    try {
      const keys = await asked
      endsAt = keys.endsAt?.getTime() ?? 0
      return keys
    } catch (error) {
      kept = undefined
      throw error
    }
  }
}

function askRole(place: Place): Promise<AwsKeys> {
  const { env, containerUrl = 'http://169.254.170.2' } = place
  const relative = env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI']
  if (relative) return askContainer(place, containerUrl + relative)
  const full = env['AWS_CONTAINER_CREDENTIALS_FULL_URI']
  return full ? askContainer(place, full) : askInstance(place)
}

async function askContainer(place: Place, url: string): Promise<AwsKeys> {
  const file = place.env['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE']
  const token = file ? (await readFile(file, 'utf8')).trim() : place.env['AWS_CONTAINER_AUTHORIZATION_TOKEN']
  return keysIn(await ask(place, 'GET', url, token ? { authorization: token } : {}))
}

/** Version 2 of the metadata service: a token by PUT first, which no request that was tricked into a GET can get. */
async function askInstance(place: Place): Promise<AwsKeys> {
  const base = `${place.metadataUrl ?? 'http://169.254.169.254'}/latest`
  const lasts = { 'x-aws-ec2-metadata-token-ttl-seconds': '300' }
  const token = { 'x-aws-ec2-metadata-token': await ask(place, 'PUT', `${base}/api/token`, lasts) }
  const path = `${base}/meta-data/iam/security-credentials/`
  const [role = ''] = (await ask(place, 'GET', path, token)).trim().split('\n')
  return keysIn(await ask(place, 'GET', path + encodeURIComponent(role), token))
}

async function ask({ outbound }: Place, method: string, url: string, headers: Record<string, string>): Promise<string> {
  const { status, body } = await outbound
    .send({ url, method, headers, timeoutMs, answerBytes })
    .catch((error: Error) => {
      throw new Error(`this machine tells no role (${new URL(url).host}: ${error.message})`, { cause: error })
    })
  if (status !== 200) throw new Error(`this machine tells no role (${new URL(url).host} answers with status ${status})`)
  return body.toString('utf8')
}

function keysIn(text: string): AwsKeys {
  const keys = JSON.parse(text) as Record<'AccessKeyId' | 'SecretAccessKey' | 'Token' | 'Expiration', unknown>
  const { AccessKeyId: id, SecretAccessKey: secret, Token: token, Expiration: end } = keys
  if (typeof id !== 'string' || typeof secret !== 'string')
    throw new Error('this machine tells no role: no keys in the answer')
  const endsAt = new Date(String(end))
  return {
    id,
    secret,
    ...(typeof token === 'string' && { token }),
    ...(Number.isFinite(endsAt.getTime()) && { endsAt }),
  }
}
