/** Unsaved texts outlive a reload of the tab, but not the person who wrote them. */
const PREFIX = 'creatorscook.text.'

export function keptText(id: string): string | null {
  return sessionStorage.getItem(PREFIX + id)
}

export function keepText(id: string, text: string | null) {
  if (text === null) sessionStorage.removeItem(PREFIX + id)
  else sessionStorage.setItem(PREFIX + id, text)
}

export function clearText() {
  for (const key of Object.keys(sessionStorage)) {
    if (key.startsWith(PREFIX)) sessionStorage.removeItem(key)
  }
}
