import { useEffect } from 'react'
import { Link } from 'react-router'
import { useAccount, useMakers, usePeople } from '../data.ts'
import { useLanguage } from '../i18n.tsx'
import { useSession } from '../session.tsx'
import { Card, Chip, Empty, Loading, PageHead, Problem } from '../ui.tsx'

export function Component() {
  const { t, format } = useLanguage()
  const { person } = useSession()
  const { data: account } = useAccount()
  const members = usePeople()
  const makerOf = useMakers()
  useEffect(() => { document.title = `${t.nav.members} · CreatorsCook` }, [t])
  if (!person?.org) return <Empty title={t.noOrganisation} text={t.noOrganisationText} />
  return (
    <>
      <PageHead title={t.nav.members} text={account?.seats ? t.seatsUsed(account.seats.used, account.seats.limit) : t.membersText} />
      {members.error && !members.data && <Problem error={members.error} onRetry={() => members.refetch()} />}
      {members.isPending && !members.error && <Loading />}
      <ul className="plain list">
        {members.data?.map((member) => {
          const maker = makerOf(member.person_id)
          return (
            <li key={member.person_id}>
              <div>
                <div className="row tight"><h2>{maker?.isMe ? t.yourself : maker?.name}</h2><Chip>{t.roles[member.role as keyof typeof t.roles] ?? member.role}</Chip></div>
                <p className="muted small">{t.roleMeans[member.role as keyof typeof t.roleMeans]} {t.seen(format.ago(member.seen_at))}</p>
              </div>
            </li>
          )
        })}
      </ul>
      <Card title={t.invite}>
        {account?.seats && account.seats.used >= account.seats.limit && <p>{t.seatsFull} <Link to="/plan">{t.seePlans}</Link></p>}
        <p>{t.inviteLocal(person.org)}</p>
        <p className="muted small">{t.inviteText}</p>
      </Card>
    </>
  )
}
