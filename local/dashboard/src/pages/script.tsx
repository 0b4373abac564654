import { checkWhileTyping, earlierVersions, finishScript, highlight, restoreVersion, saveScript, type Client } from '@creatorscook/client'
import type { Tables } from '@creatorscook/client/database'
import type { Verdict } from '@creatorscook/client/documents'
import { onlineManager, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useMemo, useRef, useState } from 'react'
import { Link, useBlocker, useNavigate, useParams } from 'react-router'
import { ask, one, refusal, useMay } from '../data.ts'
import { useLanguage } from '../i18n.tsx'
import { keepText, keptText } from '../kept.ts'
import { useClient } from '../session.tsx'
import { Button, Card, Chip, Confirm, Input, Loading, Problem, useSay } from '../ui.tsx'

type Script = Tables<'scripts'>
const WORDS_PER_SECOND = 2.5

export function Component() {
  const { id = '' } = useParams()
  const client = useClient()
  const script = useQuery({
    queryKey: ['script', id],
    queryFn: () => one(client.from('scripts').select('*, products(id, name)').eq('id', id).single()),
    // What is being written must not be exchanged behind the person's back.
    refetchOnWindowFocus: false, refetchOnReconnect: false, staleTime: Infinity,
  })
  if (script.error && !script.data) return <Problem error={script.error} onRetry={() => script.refetch()} />
  if (!script.data) return <Loading lines={8} />
  return <Editor key={id} loaded={script.data} product={script.data.products} />
}

function Editor({ loaded, product }: { loaded: Script; product: { id: string; name: string } | null }) {
  const { t, format } = useLanguage()
  const client = useClient()
  const queries = useQueryClient()
  const navigate = useNavigate()
  const say = useSay()
  const mayEdit = useMay('editor')
  // The row as the database has it, and what the person has written since.
  const [saved, setSaved] = useState<Script>(loaded)
  const [content, setContent] = useState(() => keptText(loaded.id) ?? loaded.content)
  const [title, setTitle] = useState(loaded.title ?? '')
  const [theirs, setTheirs] = useState<Script | null>(null)
  const [isDeleting, setIsDeleting] = useState(false)
  const verdicts = useVerdicts(client, content, product?.id)
  const isChanged = content !== saved.content || title !== (saved.title ?? '')
  const box = useRef<HTMLTextAreaElement>(null)

  useEffect(() => { document.title = `${saved.title ?? t.script} · CreatorsCook` }, [saved.title, t])
  useEffect(() => keepText(saved.id, content === saved.content ? null : content), [saved, content])
  useEffect(() => {
    if (!isChanged) return
    const ask = (event: BeforeUnloadEvent) => event.preventDefault()
    addEventListener('beforeunload', ask)
    return () => removeEventListener('beforeunload', ask)
  }, [isChanged])
  const blocker = useBlocker(isChanged)

  /** What was typed since `sent` stays; without `sent` the row replaces it. */
  function took(row: Script, sent?: { content: string; title: string | null }) {
    setSaved(row)
    setContent((now) => (sent && now !== sent.content ? now : row.content))
    setTitle((now) => (sent && now.trim() !== (sent.title ?? '') ? now : (row.title ?? '')))
    void queries.invalidateQueries({ queryKey: ['scripts'] })
    void queries.invalidateQueries({ queryKey: ['versions', row.id] })
    queries.setQueryData(['script', row.id], (before: object | undefined) => ({ ...before, ...row }))
  }

  const save = useMutation({
    mutationFn: async (read: Script) => {
      const sent = { content, title: title.trim() || null }
      const row = await ask(saveScript(client, read, sent))
      // No row of the version that was read: somebody else has saved, or it is gone.
      return row ? { row, sent } : { conflict: await one(client.from('scripts').select('*').eq('id', read.id).single()) }
    },
    onSuccess: (answer) => {
      if (answer.conflict) return setTheirs(answer.conflict)
      setTheirs(null)
      took(answer.row, answer.sent)
      say(t.saved)
    },
  })
  const finish = useMutation({
    mutationFn: () => one(finishScript(client, saved.id)),
    onSuccess: (row) => { took(row, saved); say(t.isFinal) },
  })
  const remove = useMutation({
    mutationFn: () => ask(client.from('scripts').delete().eq('id', saved.id).select('id')),
    onSuccess: () => {
      setSaved({ ...saved, content, title: title || null })
      keepText(saved.id, null)
      void queries.invalidateQueries({ queryKey: ['scripts'] })
      say(t.scriptDeleted)
      setTimeout(() => navigate(product ? `/products/${product.id}/scripts` : '/products'))
    },
  })
  const draftAgain = useMutation({
    mutationFn: () => one(client.from('scripts').update({ status: 'draft' }).eq('id', saved.id).select().single()),
    onSuccess: (row) => took(row, saved),
  })

  const broken = verdicts?.filter(({ status }) => status === 'fail') ?? []
  const errors = broken.filter(({ severity }) => severity === 'error')
  const words = spokenWords(content)
  const notFinal = finish.error && refusal(finish.error)

  /** A refusal speaks of the text that was sent: another text ends it. */
  function write(text: string) {
    setContent(text)
    if (finish.error) finish.reset()
  }

  function select(start: number, end: number) {
    box.current?.focus()
    box.current?.setSelectionRange(start, end)
  }

  return (
    <>
      <header className="page-head">
        <div>
          <p className="muted small">{product && <Link to={`/products/${product.id}/scripts`}>← {product.name}</Link>}</p>
          <h1>{saved.title ?? t.script}</h1>
          <p className="row tight">
            <Chip tone={saved.status === 'final' ? 'good' : 'neutral'}>{t.scriptStatus[saved.status]}</Chip>
            {saved.origin === 'ai' && <Chip>{t.aiDraft}</Chip>}
            <span className="muted small">{t.versionOf(saved.version)} · {save.isPaused || (save.isPending && !onlineManager.isOnline()) ? t.savesLater : isChanged ? t.unsaved : t.allSaved}</span>
          </p>
        </div>
        {mayEdit && (
          <div className="row actions">
            <Button kind={isChanged ? 'primary' : 'plain'} busy={save.isPending && !save.isPaused} disabled={!isChanged} onClick={() => save.mutate(saved)}>{t.save}</Button>
            {saved.status === 'draft'
              ? <Button kind={isChanged ? 'plain' : 'primary'} busy={finish.isPending} disabled={save.isPending} onClick={() => (isChanged ? save.mutate(saved, { onSuccess: (answer) => answer.conflict || finish.mutate() }) : finish.mutate())}>{isChanged ? t.saveFinal : t.makeFinal}</Button>
              : <Button busy={draftAgain.isPending} onClick={() => draftAgain.mutate()}>{t.backToDraft}</Button>}
            <Button kind="quiet" className="danger" onClick={() => setIsDeleting(true)}>{t.delete}</Button>
          </div>
        )}
      </header>
      {theirs && (
        <Conflict
          mine={content} theirs={theirs} busy={save.isPending}
          onMine={() => save.mutate(theirs)}
          onTheirs={() => { took(theirs); setTheirs(null) }}
        />
      )}
      {!theirs && <Problem error={save.error} onRetry={() => save.mutate(saved)} />}
      {notFinal && <Problem error={notFinal} />}
      <Problem error={remove.error ?? draftAgain.error} />
      <div className="editor">
        <div>
          <Input label={t.title} value={title} maxLength={200} readOnly={!mayEdit} onChange={(event) => setTitle(event.target.value)} />
          <Marked
            ref={box} content={content} verdicts={verdicts ?? []} readOnly={!mayEdit}
            onChange={write} onSave={() => isChanged && save.mutate(saved)}
          />
          <p className="muted small">{t.wordsSeconds(words, Math.round(words / WORDS_PER_SECOND))}</p>
        </div>
        <aside aria-label={t.rulesOf}>
          <Verdicts verdicts={verdicts} errors={errors.length} onSelect={select} />
          <Review script={saved} />
          <Versions script={saved} mayEdit={mayEdit && !isChanged} onRestore={took} />
        </aside>
      </div>
      <Confirm
        open={isDeleting} onOpenChange={setIsDeleting} title={t.deleteScript} text={t.deleteScriptText}
        action={t.delete} onConfirm={() => remove.mutate()}
      />
      <Confirm
        open={blocker.state === 'blocked'} onOpenChange={(open) => !open && blocker.reset?.()}
        title={t.leaveUnsaved} text={t.leaveUnsavedText} action={t.leave}
        onConfirm={() => { keepText(saved.id, null); blocker.proceed?.() }}
      />
      <p className="hidden" aria-live="polite">{format.number(broken.length)} {t.brokenRules(broken.length)}</p>
    </>
  )
}

/** Seconds, pictures and texts on screen stand in brackets, hashtags in the caption: nobody says them. */
function spokenWords(content: string): number {
  return content.replace(/\[[^\]]*\]|\([^)]*\)/g, ' ').split(/\s+/).filter((word) => /^[^#]*[\p{L}\p{N}]/u.test(word)).length
}

/** The verdicts for the text as it is now: null until the first answer. */
function useVerdicts(client: Client, content: string, productId: string | undefined): Verdict[] | null {
  const [found, setFound] = useState<{ content: string; verdicts: Verdict[] } | null>(null)
  const check = useMemo(
    () => checkWhileTyping(client, productId, (content, verdicts) => setFound({ content, verdicts })),
    [client, productId],
  )
  useEffect(() => check(content), [check, content])
  // While an answer is on its way, spans of the last text would mark the wrong letters.
  return found && found.content === content ? found.verdicts : found && found.verdicts.map((verdict) => ({ ...verdict, spans: [] }))
}

/** A text field over the same text with marks: the field is typed in, the marks are seen. */
function Marked({ content, verdicts, readOnly, onChange, onSave, ref }: {
  content: string; verdicts: Verdict[]; readOnly: boolean; onChange: (content: string) => void; onSave: () => void; ref: React.Ref<HTMLTextAreaElement>
}) {
  const { t } = useLanguage()
  const marks = useRef<HTMLPreElement>(null)
  const pieces = useMemo(() => highlight(content, verdicts), [content, verdicts])
  return (
    <div className="field">
      <label htmlFor="text">{t.text}</label>
      <div className="marked">
        <pre ref={marks} aria-hidden="true">
          {pieces.map((piece, index) =>
            piece.verdicts.length
              ? <mark key={index} className={worst(piece.verdicts)}>{piece.text}</mark>
              : <span key={index}>{piece.text}</span>)}
          {'\n'}
        </pre>
        <textarea
          id="text" ref={ref} value={content} readOnly={readOnly} spellCheck={verdicts.length === 0}
          onChange={(event) => onChange(event.target.value)}
          onScroll={(event) => { if (marks.current) marks.current.scrollTop = event.currentTarget.scrollTop }}
          onKeyDown={(event) => {
            if ((event.ctrlKey || event.metaKey) && event.key === 's') {
              event.preventDefault()
              onSave()
            }
          }}
        />
      </div>
    </div>
  )
}

function worst(verdicts: Verdict[]): string {
  const failed = verdicts.filter(({ status }) => status === 'fail')
  return failed.some(({ severity }) => severity === 'error') ? 'error' : failed.length ? 'warning' : 'review'
}

function Verdicts({ verdicts, errors, onSelect }: { verdicts: Verdict[] | null; errors: number; onSelect: (start: number, end: number) => void }) {
  const { t } = useLanguage()
  const shown = verdicts?.filter(({ status }) => status === 'fail' || status === 'needs_review') ?? []
  const passed = verdicts?.filter(({ status }) => status === 'pass').length ?? 0
  return (
    <Card title={t.rulesOf}>
      {verdicts === null && <Loading lines={2} />}
      {verdicts?.length === 0 && <p className="muted">{t.noRulesApply} <Link to="/rules">{t.nav.rules}</Link></p>}
      {errors > 0 && <p className="bad-text">{t.keepsFromFinal(errors)}</p>}
      <ul className="plain statements">
        {shown.map((verdict) => (
          <li key={verdict.rule_id}>
            <div className="row tight">
              <Chip tone={verdict.status === 'needs_review' ? 'neutral' : verdict.severity === 'error' ? 'bad' : 'warn'}>
                {verdict.status === 'needs_review' ? t.needsReview : t.ruleSeverity[verdict.severity]}
              </Chip>
              <b>{verdict.rule_name}</b>
            </div>
            {verdict.message && <p>{verdict.message}</p>}
            {verdict.suggestion && <p className="muted">{t.suggestion}: {verdict.suggestion}</p>}
            {verdict.spans[0] && (
              <Button kind="quiet" onClick={() => onSelect(verdict.spans[0]!.start, verdict.spans[0]!.end)}>{t.showInText}</Button>
            )}
          </li>
        ))}
      </ul>
      {verdicts && passed > 0 && <p className="muted small">{t.passedRules(passed)}</p>}
    </Card>
  )
}

/** How a language model judged the draft that it wrote. Advice only. */
function Review({ script }: { script: Script }) {
  const { t } = useLanguage()
  const entries = script.review?.filter(({ status }) => status !== 'not_applicable') ?? []
  if (!entries.length) return null
  return (
    <Card title={t.review}>
      <p className="muted small">{t.reviewText}</p>
      <ul className="plain statements">
        {entries.map((entry) => (
          <li key={entry.rule_id}><b>{entry.rule_name}</b> <Chip tone={entry.status === 'fail' ? 'warn' : 'neutral'}>{t.verdicts[entry.status]}</Chip>{entry.message && <p className="muted">{entry.message}</p>}</li>
        ))}
      </ul>
    </Card>
  )
}

function Versions({ script, mayEdit, onRestore }: { script: Script; mayEdit: boolean; onRestore: (row: Script) => void }) {
  const { t, format } = useLanguage()
  const client = useClient()
  const say = useSay()
  const versions = useQuery({ queryKey: ['versions', script.id], queryFn: () => ask(earlierVersions(client, script.id)) })
  const restore = useMutation({
    mutationFn: (version: number) => one(restoreVersion(client, script.id, version)),
    onSuccess: (row) => { onRestore(row); say(t.versionRestored) },
  })
  return (
    <Card title={t.versions}>
      <Problem error={versions.error ?? restore.error} />
      {versions.data?.length === 0 && <p className="muted">{t.noVersions}</p>}
      <ul className="plain rows">
        {versions.data?.map((each) => (
          <li key={each.version}>
            <details className="sources">
              <summary>{t.versionOf(each.version)} <span className="muted">· {format.moment(each.created_at)}</span></summary>
              <pre className="text">{each.content}</pre>
              {mayEdit && <Button busy={restore.isPending} onClick={() => restore.mutate(each.version)}>{t.restoreVersion}</Button>}
            </details>
          </li>
        ))}
      </ul>
    </Card>
  )
}

/** Somebody has saved meanwhile: both texts, and the person decides. */
function Conflict({ mine, theirs, busy, onMine, onTheirs }:
  { mine: string; theirs: Script; busy: boolean; onMine: () => void; onTheirs: () => void }) {
  const { t, format } = useLanguage()
  return (
    <section className="card conflict" role="alert" aria-labelledby="conflict">
      <h2 id="conflict">{t.conflict}</h2>
      <p>{t.conflictText(format.moment(theirs.updated_at))}</p>
      <div className="columns">
        <div><h3>{t.yours}</h3><pre className="text">{mine}</pre><Button kind="primary" busy={busy} onClick={onMine}>{t.keepMine}</Button></div>
        <div><h3>{t.theirs}</h3><pre className="text">{theirs.content}</pre><Button onClick={onTheirs}>{t.takeTheirs}</Button></div>
      </div>
      <p className="muted small">{t.bothKept}</p>
    </section>
  )
}
