import { unreadNotifications } from '@creatorscook/client'
import { onlineManager, useQuery } from '@tanstack/react-query'
import { DropdownMenu } from 'radix-ui'
import { useEffect, useState } from 'react'
import { Link, NavLink, Navigate, Outlet, useLocation, useNavigate, useNavigation, useRouteError } from 'react-router'
import { ask, onSessionEnd, useAccount, useMay, type Refusal } from './data.ts'
import { useLanguage } from './i18n.tsx'
import { useClient, useSession } from './session.tsx'
import { Button, Dialog, useSentence } from './ui.tsx'

/** What surrounds every page of somebody who is signed in. */
export function Shell() {
  const { person } = useSession()
  const { t } = useLanguage()
  const { pathname, search } = useLocation()
  const [isOpen, setIsOpen] = useState(false)
  useEffect(() => setIsOpen(false), [pathname])

  if (!person) return <Navigate to={`/sign-in?to=${encodeURIComponent(pathname + search)}`} replace />
  return (
    <div className="shell">
      <a className="skip" href="#main">{t.skip}</a>
      <header className="topbar">
        <Button kind="quiet" className="menu-button" aria-expanded={isOpen} aria-controls="nav" onClick={() => setIsOpen(!isOpen)}>
          <span aria-hidden="true">☰</span><span className="hidden">{t.menu}</span>
        </Button>
        <Link to="/products" className="brand">CreatorsCook</Link>
        <span className="grow" />
        <Bell />
        <Who />
      </header>
      <Nav isOpen={isOpen} />
      <main id="main" tabIndex={-1}>
        <Offline />
        <Outlet />
      </main>
      <SessionEnd />
      <Progress />
    </div>
  )
}

function Nav({ isOpen }: { isOpen: boolean }) {
  const { t } = useLanguage()
  const { person } = useSession()
  const isAdmin = useMay('admin')
  const isOrganisation = person?.org !== ''
  return (
    <nav id="nav" className={isOpen ? 'open' : ''} aria-label={t.mainNav}>
      <ul>
        <li><NavLink to="/products">{t.nav.products}</NavLink></li>
        <li><NavLink to="/rules">{t.nav.rules}</NavLink></li>
        <li><NavLink to="/brands">{t.nav.brands}</NavLink></li>
        <li><NavLink to="/notifications">{t.nav.notifications}</NavLink></li>
        <li className="gap"><NavLink to="/plan">{t.nav.plan}</NavLink></li>
        {isOrganisation && <li><NavLink to="/members">{t.nav.members}</NavLink></li>}
        {isAdmin && <li><NavLink to="/audit">{t.nav.audit}</NavLink></li>}
        {isAdmin && <li><NavLink to="/developers">{t.nav.developers}</NavLink></li>}
        <li><NavLink to="/connections">{t.nav.connections}</NavLink></li>
        <li><NavLink to="/account">{t.nav.account}</NavLink></li>
      </ul>
    </nav>
  )
}

function Bell() {
  const client = useClient()
  const { t } = useLanguage()
  const { data = [] } = useQuery({
    queryKey: ['notifications', 'unread'],
    queryFn: () => ask(unreadNotifications(client)),
    refetchInterval: 60_000,
  })
  if (!data.length) return null
  return <Link className="bell" to="/notifications">{t.unread(data.length)}</Link>
}

function Who() {
  const { t } = useLanguage()
  const { person, signOut } = useSession()
  const { data: account } = useAccount()
  const navigate = useNavigate()
  if (!person) return null
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>
        <button type="button" className="button quiet who">
          <span className="who-name">{person.org || person.name}</span>
          {account && person.org && <span className="muted"> {t.roles[account.role]}</span>}
          <span aria-hidden="true">▾</span>
        </button>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="end" sideOffset={4}>
          <DropdownMenu.Label className="menu-label">
            {person.org ? t.actsFor(person.name, person.org) : t.ownAccount(person.name)}
          </DropdownMenu.Label>
          <DropdownMenu.Item onSelect={() => navigate('/account')}>{t.nav.account}</DropdownMenu.Item>
          <DropdownMenu.Item onSelect={() => navigate('/sign-in?switch')}>{t.switchAccount}</DropdownMenu.Item>
          <DropdownMenu.Item onSelect={() => { signOut(); navigate('/sign-in') }}>{t.signOut}</DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  )
}

/** Requests wait while the browser is offline, and are sent when it is back. */
function Offline() {
  const { t } = useLanguage()
  const [isOnline, setIsOnline] = useState(onlineManager.isOnline())
  useEffect(() => onlineManager.subscribe(setIsOnline), [])
  return isOnline ? null : <div className="notice warn" role="status">{t.offline}</div>
}

/** The API has refused the session. The page stays behind, with what was written. */
function SessionEnd() {
  const { t } = useLanguage()
  const sentence = useSentence()
  const { person, signIn, signOut } = useSession()
  const navigate = useNavigate()
  const [ended, setEnded] = useState<Refusal | null>(null)
  useEffect(() => onSessionEnd(setEnded), [])
  if (!ended || !person) return null

  function leave() {
    setEnded(null)
    signOut()
    navigate('/sign-in')
  }

  function again() {
    setEnded(null)
    signIn({ ...person! })
  }

  const isGone = ended.code === 'account_deleted'
  return (
    <Dialog open onOpenChange={(open) => !open && setEnded(null)} title={isGone ? t.accountGone : t.sessionEnded} text={sentence(ended)}>
      {!isGone && <p>{t.textKept}</p>}
      <div className="row end">
        <Button onClick={leave}>{t.signOut}</Button>
        {!isGone && <Button kind="primary" onClick={again}>{t.signInAgain}</Button>}
      </div>
    </Dialog>
  )
}

function Progress() {
  const { state } = useNavigation()
  return state === 'loading' ? <div className="page-progress" aria-hidden="true" /> : null
}

/** A page that broke, or whose part of the program did not arrive. */
export function RouteProblem() {
  const error = useRouteError()
  const { t } = useLanguage()
  const text = error instanceof Error ? error.message : String(error)
  return (
    <main className="alone">
      <h1>{t.broken}</h1>
      <p className="muted">{text}</p>
      <Button kind="primary" onClick={() => location.reload()}>{t.reload}</Button>
    </main>
  )
}
