import { useEffect, useState } from 'preact/hooks'
import { common } from '../i18n/common.ts'
import { shortDigest } from '../lib/format.ts'
import { Button } from './button.tsx'

/** Copies a text, and says so for two seconds. */
export function CopyButton({ text, label }: { text: string; label?: string }) {
  const [isCopied, setCopied] = useState(false)
  useEffect(() => {
    if (!isCopied) return undefined
    const timer = setTimeout(() => setCopied(false), 2000)
    return () => clearTimeout(timer)
  }, [isCopied])
  const name = isCopied ? common().copied : (label ?? common().copy)
  const copy = async () => {
    await writeText(text)
    setCopied(true)
  }
  return (
    <>
      <Button
        tone="quiet"
        class="small"
        icon={isCopied ? 'check' : 'copy'}
        aria-label={name}
        onClick={() => void copy()}
      />
      <span class="only-read" role="status">
        {isCopied ? common().copied : ''}
      </span>
    </>
  )
}

/** A digest by its first digits; the whole one in the title and to copy. */
export function Digest({ value }: { value: string }) {
  return (
    <span class="digest">
      <code title={value}>{shortDigest(value)}</code>
      <CopyButton text={value} />
    </span>
  )
}

/** Browsers give the clipboard to https and localhost alone; elsewhere a selected text is copied. */
async function writeText(text: string): Promise<void> {
  const clipboard = navigator.clipboard as Clipboard | undefined
  if (clipboard) return clipboard.writeText(text)
  const area = document.createElement('textarea')
  area.value = text
  const top = document.querySelector('dialog[open]') ?? document.body
  top.append(area)
  area.select()
  document.execCommand('copy')
  area.remove()
}
