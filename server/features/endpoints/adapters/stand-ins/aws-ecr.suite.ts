import { signForAws } from '../sign.ts'
import type { Backing } from './backing.suite.ts'
import { signableOf, timeOf } from './signed.suite.ts'
import { pageRows, type Answer, type Asked, type StandIn } from './stand-in.suite.ts'

export const awsKeys = { id: 'AKIATEST', secret: 'secret/of+AKIATEST' }
const login = { username: 'AWS', password: 'token-of-ecr' }

const failure = (type: string, message = type): Answer => ({ status: 400, json: { __type: type, message } })

/** Amazon ECR (https://docs.aws.amazon.com/AmazonECR/latest/APIReference/). `token`: of the keys of a role. */
export const awsEcrStandIn = (token?: string): StandIn => ({
  type: 'aws-ecr',
  kind: token === undefined ? 'with keys' : 'with the role of the machine',
  saved: () => ({ accessKey: awsKeys.id, accessSecret: awsKeys.secret }),
  listsDigests: true,
  makesNamespaces: true,
  open(backing, { url }) {
    const made = new Set<string>()
    const operations = { ...reading(backing, made, url), ...writing(backing, made) }
    return {
      login,
      mayPush: async (name) => made.has(name) || (await backing.repositories(name.split('/')[0])).includes(name),
      routes: [
        [
          /^POST \/$/,
          async (asked) => {
            const target = String(asked.headers['x-amz-target'])
            const [, action = ''] = /^AmazonEC2ContainerRegistry_V20150921\.(\w+)$/.exec(target) ?? []
            if (!isSigned(asked, token))
              return failure('InvalidSignatureException', 'The request signature does not match')
            return operations[action]?.(asked.body) ?? failure('UnknownOperationException')
          },
        ],
      ],
    }
  },
})

function isSigned(asked: Asked, token: string | undefined): boolean {
  if (asked.headers['x-amz-security-token'] !== token) return false
  const request = signableOf(asked, ['x-amz-date', 'x-amz-security-token'])
  const keys = { ...awsKeys, ...(token !== undefined && { token }) }
  const at = timeOf(asked.headers['x-amz-date'])
  const wanted = signForAws(request, keys, { service: 'ecr', region: 'us-east-1' }, at).authorization
  return asked.headers.authorization === wanted
}

type Operations = Record<string, (body: Asked['body']) => Promise<Answer>>

function page(rows: unknown[], body: Asked['body'], key: string): Answer {
  const start = Number(body['nextToken'] ?? 0)
  const end = start + pageRows
  return { json: { [key]: rows.slice(start, end), nextToken: end < rows.length ? String(end) : null } }
}

const reading = (backing: Backing, made: Set<string>, url: string): Operations => ({
  async GetAuthorizationToken() {
    const authorizationToken = Buffer.from(`${login.username}:${login.password}`).toString('base64')
    return { json: { authorizationData: [{ authorizationToken, expiresAt: 4102444800.5, proxyEndpoint: url }] } }
  },
  async DescribeRepositories(body) {
    const all = [...new Set([...(await backing.repositories()), ...made])].sort()
    const wanted = body['repositoryNames'] as string[] | undefined
    if (wanted && !wanted.every((name) => all.includes(name))) return failure('RepositoryNotFoundException')
    const rows = (wanted ?? all).map((repositoryName) => ({ repositoryName }))
    return wanted ? { json: { repositories: rows } } : page(rows, body, 'repositories')
  },
  async DescribeImages(body) {
    const tags = await backing.tags(String(body['repositoryName']))
    if (!tags) return failure('RepositoryNotFoundException')
    const digests = [...new Set(tags.map(({ digest }) => digest))]
    const rows = digests.map((imageDigest) => ({
      imageDigest,
      imageTags: tags.filter(({ digest }) => digest === imageDigest).map(({ name }) => name),
    }))
    return page(rows, body, 'imageDetails')
  },
})

const writing = (backing: Backing, made: Set<string>): Operations => ({
  async CreateRepository(body) {
    const name = String(body['repositoryName'])
    if (made.has(name)) return failure('RepositoryAlreadyExistsException')
    made.add(name)
    const namespace = name.split('/')[0]!
    if (!(await backing.namespaces()).includes(namespace)) await backing.makeNamespace(namespace)
    return { json: { repository: { repositoryName: name } } }
  },
  async BatchDeleteImage(body) {
    const [{ imageTag = '' } = {}] = body['imageIds'] as { imageTag?: string }[]
    const isGone = !(await backing.deleteTag(String(body['repositoryName']), imageTag))
    return { json: { imageIds: [], failures: isGone ? [{ failureCode: 'ImageNotFound' }] : [] } }
  },
})
