import { CopyButton } from './copy.tsx'

type CodeProps = {
  text: string
  /** What the text is, for screen readers and the copy button. */
  label: string
  numbered?: boolean
}

/** Commands, JSON or a log as it is, with a button that copies all of it. */
export function CodeView({ text, label, numbered = false }: CodeProps) {
  const lines = text.replace(/\n$/, '').split('\n')
  return (
    <div class="code">
      <CopyButton text={text} />
      <pre tabIndex={0} role="region" aria-label={label} class={numbered ? 'numbered' : undefined}>
        {numbered ? lines.map((line, index) => <span key={index}>{`${line}\n`}</span>) : text}
      </pre>
    </div>
  )
}
