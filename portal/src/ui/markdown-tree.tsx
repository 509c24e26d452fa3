import type { ComponentChildren } from 'preact'
import { lexer, type Token, type Tokens } from 'marked'

/** The page has its own h1. */
const headings = ['h2', 'h3', 'h4', 'h5', 'h6'] as const

/**
 * Markdown as elements. Nothing in it becomes markup: HTML is shown as the text that it is, images become links, and
 * links lead to the web or a mail address alone.
 */
export default function MarkdownTree({ text }: { text: string }) {
  return <div class="markdown">{blocks(withSteadyHeadings(lexer(text)))}</div>
}

/** Headings that go down by one level at most, whatever its author wrote: screen readers go by them. */
function withSteadyHeadings(tokens: Token[]): Token[] {
  let last = 0
  return tokens.map((token) => {
    if (token.type !== 'heading') return token
    last = Math.min((token as Tokens.Heading).depth, last + 1, headings.length)
    return { ...token, depth: last }
  })
}

const blocks = (tokens: Token[]): ComponentChildren => tokens.map((token, index) => <Block key={index} token={token} />)

function Block({ token }: { token: Token }) {
  switch (token.type) {
    case 'heading': {
      const Heading = headings[(token as Tokens.Heading).depth - 1] ?? 'h6'
      return <Heading>{inline(token)}</Heading>
    }
    case 'paragraph':
      return <p>{inline(token)}</p>
    case 'code':
      return <pre tabIndex={0}>{(token as Tokens.Code).text}</pre>
    case 'blockquote':
      return <blockquote>{blocks(partsOf(token) ?? [])}</blockquote>
    case 'list': {
      const { ordered, items } = token as Tokens.List
      const List = ordered ? 'ol' : 'ul'
      return (
        <List>
          {items.map((item, index) => (
            <li key={index}>{blocks(item.tokens)}</li>
          ))}
        </List>
      )
    }
    case 'table':
      return <Table table={token as Tokens.Table} />
    case 'hr':
      return <hr />
    case 'html':
      return <p>{token.raw}</p>
    case 'space':
    case 'def':
      return null
    default:
      return partsOf(token) ? <>{inline(token)}</> : <>{token.raw}</>
  }
}

/** What a token is made of, where it is made of tokens. */
const partsOf = (token: object) => (token as { tokens?: Token[] }).tokens

function Table({ table: { header, rows } }: { table: Tokens.Table }) {
  return (
    <div class="table-frame" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {header.map((cell, index) => (
              <th key={index}>{inline(cell)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            <tr key={at}>
              {row.map((cell, index) => (
                <td key={index}>{inline(cell)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

const inline = (token: object): ComponentChildren =>
  partsOf(token)?.map((one, index) => <Inline key={index} token={one} />)

function Inline({ token }: { token: Token }) {
  switch (token.type) {
    case 'strong':
      return <strong>{inline(token)}</strong>
    case 'em':
      return <em>{inline(token)}</em>
    case 'del':
      return <s>{inline(token)}</s>
    case 'codespan':
      return <code>{(token as Tokens.Codespan).text}</code>
    case 'br':
      return <br />
    case 'link':
      return <Outside href={(token as Tokens.Link).href}>{inline(token)}</Outside>
    case 'image': {
      const { href, text } = token as Tokens.Image
      return <Outside href={href}>{text === '' ? href : text}</Outside>
    }
    case 'checkbox':
      return <>{token.raw}</>
    case 'escape':
    case 'text':
      return partsOf(token) ? <>{inline(token)}</> : <>{(token as Tokens.Text).text}</>
    default:
      return <>{token.raw}</>
  }
}

/** A link to the web or to a mail address; text where it would lead anywhere else. */
function Outside({ href, children }: { href: string; children: ComponentChildren }) {
  if (!/^(?:https?:\/\/|mailto:)/i.test(href)) return <>{children}</>
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  )
}
