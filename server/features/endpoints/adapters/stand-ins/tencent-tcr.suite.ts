import { signForTencent } from '../sign.ts'
import { signableOf } from './signed.suite.ts'
import { pageOf, type Answer, type Asked, type StandIn } from './stand-in.suite.ts'

const keys = { id: 'AKIDTest', secret: 'secret-of-AKID' }
const login = { username: '100012345678', password: 'temp-token-of-tcr' }
const registry = { RegistryId: 'tcr-test', RegistryName: '127.0.0.1', RegionName: 'ap-guangzhou' }

type Body = Asked['body']
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
    const isSigned = (asked: Asked) => {
      const at = new Date(Number(asked.headers['x-tc-timestamp']) * 1000)
      const request = signableOf(asked, [])
      return asked.headers.authorization === signForTencent(request, keys, 'tcr', at).authorization
    }
    const page = ({ Offset }: Body, all: object[], key: string) =>
      good({ [key]: pageOf(all, Number(Offset)).rows, TotalCount: all.length })
    const nameIn = ({ NamespaceName, RepositoryName }: Body) => `${String(NamespaceName)}/${String(RepositoryName)}`
    const operations: Record<string, (body: Body) => Promise<Answer>> = {
      async DescribeInstances({ Filters }) {
        const [{ Values: [name] = [] } = {}] = Filters as { Values?: string[] }[]
        const found = name === registry.RegistryName ? [registry] : []
        return good({ Registries: found, TotalCount: found.length })
      },
      async CreateInstanceToken() {
        return good({ Username: login.username, Token: login.password, ExpTime: Date.now() + 3_600_000 })
      },
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
        return page(
          body,
          tags.map(({ name, digest }) => ({ ImageVersion: name, Digest: digest })),
          'ImageInfoList',
        )
      },
      async DescribeNamespaces(body) {
        const found = (await backing.namespaces()).filter((name) => name.includes(String(body['NamespaceName'])))
        return good({ NamespaceList: found.map((Name) => ({ Name })), TotalCount: found.length })
      },
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
    }
    return {
      login,
      service: 'harbor-registry',
      mayPush: async (name) => made.has(name) || (await backing.repositories(name.split('/')[0])).includes(name),
      routes: [
        [
          /^POST \/$/,
          async (asked) => {
            if (!isSigned(asked))
              return failure('AuthFailure.SignatureFailure', 'The provided credentials could not be validated')
            const action = String(asked.headers['x-tc-action'])
            if (asked.headers['x-tc-version'] !== '2019-09-24') return failure('NoSuchVersion')
            if (action !== 'DescribeInstances' && asked.body['RegistryId'] !== registry.RegistryId)
              return failure('InvalidParameter')
            return operations[action]?.(asked.body) ?? failure('InvalidAction')
          },
        ],
      ],
    }
  },
}
