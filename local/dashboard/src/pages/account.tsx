import { deleteAccount, exportAccount, setLocale, type Locale } from '@creatorscook/client'
import type { ExportPage } from '@creatorscook/client/documents'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { useNavigate } from 'react-router'
import { ask, one, useMay } from '../data.ts'
import { LANGUAGES, useLanguage, type Language } from '../i18n.tsx'
import { saveFile } from '../save.ts'
import { useClient, useSession } from '../session.tsx'
import { applyTheme, theme, type Theme } from '../theme.ts'
import { Button, Card, Confirm, Input, Loading, PageHead, Problem, Select, useSay } from '../ui.tsx'

const LOCALES: Locale[] = ['en', 'es', 'pt', 'fr', 'de']

export function Component() {
  const { t, language, setLanguage, format } = useLanguage()
  const client = useClient()
  const queries = useQueryClient()
  const say = useSay()
  const { person } = useSession()
  const mayEdit = useMay('editor')
  const [looks, setLooks] = useState<Theme>(theme)
  useEffect(() => { document.title = `${t.nav.account} · CreatorsCook` }, [t])
  const account = useQuery({ queryKey: ['accounts'], queryFn: () => one(client.from('accounts').select('*').single()) })
  const locale = useMutation({
    mutationFn: (chosen: Locale) => ask(setLocale(client, account.data!.id, chosen)),
    onSuccess: () => { say(t.localeSaved); void queries.invalidateQueries({ queryKey: ['accounts'] }) },
  })
  return (
    <>
      <PageHead title={t.nav.account} text={person?.org ? t.actsFor(person.name, person.org) : t.ownAccount(person?.name ?? '')} />
      <Card title={t.thisBrowser}>
        <div className="columns">
          <Select label={t.pageLanguage} value={language} onChange={(event) => setLanguage(event.target.value as Language)}>
            {Object.entries(LANGUAGES).map(([code, name]) => <option key={code} value={code}>{name}</option>)}
          </Select>
          <Select label={t.looks} value={looks} onChange={(event) => { const chosen = event.target.value as Theme; setLooks(chosen); applyTheme(chosen) }}>
            {(['system', 'light', 'dark'] as const).map((each) => <option key={each} value={each}>{t.themesOf[each]}</option>)}
          </Select>
        </div>
      </Card>
      <Card title={t.packs}>
        {account.error && !account.data && <Problem error={account.error} onRetry={() => account.refetch()} />}
        {account.isPending && !account.error && <Loading lines={1} />}
        {account.data && (
          <Select label={t.packLanguage} hint={t.packLanguageHint} value={account.data.locale} disabled={!mayEdit || locale.isPending} onChange={(event) => locale.mutate(event.target.value as Locale)}>
            {LOCALES.map((code) => <option key={code} value={code}>{format.language(code)}</option>)}
          </Select>
        )}
        <Problem error={locale.error} />
      </Card>
      <Export />
      <Delete />
    </>
  )
}

/** All pages of the export, joined into one file. */
function Export() {
  const { t } = useLanguage()
  const client = useClient()
  const say = useSay()
  const isAdmin = useMay('admin')
  const [count, setCount] = useState(0)
  const save = useMutation({
    mutationFn: async () => {
      setCount(0)
      const whole: Record<string, unknown> = {}
      for await (const page of exportAccount(client)) {
        setCount((before) => before + 1)
        join(whole, page)
      }
      saveFile(`creatorscook-${new Date().toISOString().slice(0, 10)}.json`, 'application/json', JSON.stringify(whole, null, 2))
    },
    onSuccess: () => say(t.exported),
  })
  return (
    <Card title={t.export}>
      <p>{t.exportText}</p>
      <Problem error={save.error} onRetry={() => save.mutate()} />
      {isAdmin
        ? <Button busy={save.isPending} onClick={() => save.mutate()}>{save.isPending ? t.exporting(count) : t.exportDo}</Button>
        : <p className="muted">{t.adminsExport}</p>}
    </Card>
  )
}

function join(whole: Record<string, unknown>, { next_cursor: _, ...page }: ExportPage) {
  for (const [name, value] of Object.entries(page)) {
    const before = whole[name]
    whole[name] = Array.isArray(before) && Array.isArray(value) ? [...before, ...value] : value
  }
}

function Delete() {
  const { t } = useLanguage()
  const client = useClient()
  const navigate = useNavigate()
  const { person, signOut } = useSession()
  const isAdmin = useMay('admin')
  const [isOpen, setIsOpen] = useState(false)
  const [typed, setTyped] = useState('')
  const remove = useMutation({
    mutationFn: () => ask(deleteAccount(client)),
    onSuccess: () => { signOut(); navigate('/sign-in') },
  })
  const name = person?.org || person?.name || ''
  return (
    <Card title={t.deleteAccount}>
      <p>{person?.org ? t.deleteOrganisationText : t.deleteAccountText}</p>
      <Problem error={remove.error} onRetry={() => remove.mutate()} />
      {isAdmin ? (
        <form className="row bottom" onSubmit={(event) => { event.preventDefault(); setIsOpen(true) }}>
          <Input label={t.typeToDelete(name)} value={typed} autoComplete="off" onChange={(event) => setTyped(event.target.value)} />
          <Button kind="danger" type="submit" busy={remove.isPending} disabled={typed !== name}>{t.deleteForGood}</Button>
        </form>
      ) : <p className="muted">{t.adminsDelete}</p>}
      <Confirm open={isOpen} onOpenChange={setIsOpen} title={t.deleteAccount} text={t.deleteLast} action={t.deleteForGood} onConfirm={() => remove.mutate()} />
    </Card>
  )
}
