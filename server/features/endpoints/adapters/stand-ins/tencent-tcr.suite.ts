import { signForTencent } from '../sign.ts'
import type { Backing } from './backing.suite.ts'
import { signableOf } from './signed.suite.ts'
import { pageOf, type Answer, type Asked, type StandIn } from './stand-in.suite.ts'

const keys = { id: 'AKIDTest', secret: 'secret-of-AKID' }
const login = { username: '100012345678', password: 'temp-token-of-tcr' }
const registry = { RegistryId: 'tcr-test', RegistryName: '127.0.0.1', RegionName: 'ap-guangzhou' }

type Body = Asked['body']
type Operations = Record<string, (body: Body) => Promise<Answer>>
const failure = (Code: string, Message = Code): Answer => ({ json: { Response: { Error: { Code, Message } } } })
const good = (answer: object = {}): Answer => ({ json: { Response: { ...answer, RequestId: 'r' } } })

/** Tencent Container Registry (https://www.tencentcloud.com/document/product/1051). `Offset` is a page. */
export const tencentTcrStandIn: StandIn = {
  type: 'tencent-tcr',
  saved: () => ({ accessKey: keys.id, accessSecret: keys.secret }),
  listsDigests: true,
  makesNamespaces: true,
  open(backing) {
    const made = new Set<string>()
    const operations = { ...ofInstance, ...reading(backing), ...writing(backing, made) }
    return {
      login,
      service: 'harbor-registry',
      mayPush: async (name) => made.has(name) || (await backing.repositories(name.split('/')[0])).includes(name),
      routes: [[/^POST \/$/, async (asked) => refusal(asked) ?? operations[actionOf(asked)]!(asked.body)]],
    }
    function refusal(asked: Asked): Answer | undefined {
      if (!isSigned(asked)) return failure('AuthFailure.SignatureFailure', 'The credentials could not be validated')
      if (asked.headers['x-tc-version'] !== '2019-09-24') return failure('NoSuchVersion')
      if (!operations[actionOf(asked)]) return failure('InvalidAction')
      const isOfInstance = actionOf(asked) === 'DescribeInstances' || asked.body['RegistryId'] === registry.RegistryId
      return isOfInstance ? undefined : failure('InvalidParameter')
    }
  },
}

const actionOf = (asked: Asked) => String(asked.headers['x-tc-action'])

function isSigned(asked: Asked): boolean {
  const at = new Date(Number(asked.headers['x-tc-timestamp']) * 1000)
  return asked.headers.authorization === signForTencent(signableOf(asked, []), keys, 'tcr', at).authorization
}

const page = ({ Offset }: Body, all: object[], key: string): Answer =>
  good({ [key]: pageOf(all, Number(Offset)).rows, TotalCount: all.length })
const nameIn = ({ NamespaceName, RepositoryName }: Body) => `${String(NamespaceName)}/${String(RepositoryName)}`

const ofInstance: Operations = {
  async DescribeInstances({ Filters }) {
    const [{ Values: [name] = [] } = {}] = Filters as { Values?: string[] }[]
    const found = name === registry.RegistryName ? [registry] : []
    return good({ Registries: found, TotalCount: found.length })
  },
  async CreateInstanceToken() {
    return good({ Username: login.username, Token: login.password, ExpTime: Date.now() + 3_600_000 })
  },
}

const reading = (backing: Backing): Operations => ({
  async DescribeRepositories(body) {
    const only = body['NamespaceName'] as string | undefined
    return page(
      body,
      (await backing.repositories(only)).map((Name) => ({ Name })),
      'RepositoryList',
    )
  },
  async DescribeImages(body) {
    const tags = await backing.tags(nameIn(body))
    if (!tags) return failure('ResourceNotFound.TcrResourceNotFound')
    const rows = tags.map(({ name, digest }) => ({ ImageVersion: name, Digest: digest }))
    return page(body, rows, 'ImageInfoList')
  },
  async DescribeNamespaces(body) {
    const found = (await backing.namespaces()).filter((name) => name.includes(String(body['NamespaceName'])))
    return good({ NamespaceList: found.map((Name) => ({ Name })), TotalCount: found.length })
  },
})

const writing = (backing: Backing, made: Set<string>): Operations => ({
  async CreateNamespace({ NamespaceName }) {
    await backing.makeNamespace(String(NamespaceName))
    return good()
  },
  async CreateRepository(body) {
    if (made.has(nameIn(body))) return failure('FailedOperation.ErrorTcrResourceConflict', 'repository exists')
    made.add(nameIn(body))
    return good()
  },
  async DeleteImage(body) {
    const isGone = !(await backing.deleteTag(nameIn(body), String(body['ImageVersion'])))
    return isGone ? failure('ResourceNotFound.TcrResourceNotFound') : good()
  },
})
