import type { Role } from '@creatorscook/client'
import { useForm, useWatch } from 'react-hook-form'
import { Navigate, useNavigate, useSearchParams } from 'react-router'
import { useLanguage } from '../i18n.tsx'
import { useSession, type Person } from '../session.tsx'
import { Button, Input, Select } from '../ui.tsx'

// What the stand-in for Clerk takes as a name.
const NAME = /^[\w.@+-]{1,64}$/

/** The stand-in for Clerk asks for a name only. On hosted Supabase Clerk's own page is here. */
export function Component() {
  const { t } = useLanguage()
  const { person, signIn } = useSession()
  const [query] = useSearchParams()
  const navigate = useNavigate()
  const { register, handleSubmit, control, formState } = useForm<Person>({
    defaultValues: person ?? { name: '', org: '', role: 'admin' },
  })
  const org = useWatch({ control, name: 'org' })
  const wanted = query.get('to') ?? '/products'
  // An address of this page only. Browsers read "/\\elsewhere" as "//elsewhere".
  const to = wanted.startsWith('/') && isHere(wanted) ? wanted : '/products'

  if (person && !query.has('switch')) return <Navigate to={to} replace />
  return (
    <main className="alone">
      <h1>{t.signInTo}</h1>
      <p className="muted">{t.localSignIn}</p>
      <form
        noValidate
        onSubmit={handleSubmit((chosen) => {
          signIn({ name: chosen.name.trim(), org: chosen.org.trim(), role: chosen.role })
          navigate(to, { replace: true })
        })}
      >
        <Input
          label={t.name} autoFocus autoComplete="username" placeholder="alice"
          {...register('name', { validate: (name) => NAME.test(name.trim()) || t.nameWrong })}
          problem={formState.errors.name?.message}
        />
        <Input label={t.organisation} hint={t.organisationHint} autoComplete="organization" {...register('org', { validate: (org) => !org.trim() || NAME.test(org.trim()) || t.nameWrong })} problem={formState.errors.org?.message} />
        {org.trim() && (
          <Select label={t.role} {...register('role')}>
            {(['admin', 'editor', 'viewer'] satisfies Role[]).map((role) => <option key={role} value={role}>{t.roles[role]}</option>)}
          </Select>
        )}
        <Button kind="primary" type="submit">{t.signIn}</Button>
      </form>
    </main>
  )
}

function isHere(address: string): boolean {
  return URL.canParse(address, location.origin) && new URL(address, location.origin).origin === location.origin
}
