import type { ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'

type Tree = ComponentType<{ text: string }>

/** Markdown, shown as text until the part that reads it is loaded. */
export function Markdown({ text }: { text: string }) {
  const [Loaded, setLoaded] = useState<Tree | undefined>(undefined)
  useEffect(() => {
    // Without it, the text itself stays: it can be read as well.
    import('./markdown-tree.tsx').then(
      (module) => setLoaded(() => module.default),
      () => {},
    )
  }, [])
  return Loaded ? <Loaded text={text} /> : <div class="markdown plain">{text}</div>
}
