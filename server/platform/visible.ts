/** Control, format and line characters: a name with one looks like another name, or turns the text around it. */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u

/** Whether a name has no invisible characters. */
export const isVisible = (text: string): boolean => !unseen.test(text)
