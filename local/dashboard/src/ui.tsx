import { AlertDialog, Dialog as RadixDialog } from 'radix-ui'
import {
  createContext, useCallback, useContext, useEffect, useId, useRef, useState,
  type ButtonHTMLAttributes, type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes, type TextareaHTMLAttributes,
} from 'react'
import { Link } from 'react-router'
import { refusal, type Refusal } from './data.ts'
import { useLanguage } from './i18n.tsx'

type Kind = 'primary' | 'plain' | 'quiet' | 'danger'

export function Button({ kind = 'plain', busy = false, children, className = '', disabled, ...rest }:
  ButtonHTMLAttributes<HTMLButtonElement> & { kind?: Kind; busy?: boolean }) {
  return (
    <button type="button" {...rest} className={`button ${kind} ${className}`} disabled={disabled || busy} aria-busy={busy || undefined}>
      {busy && <span className="spinner" aria-hidden="true" />}
      {children}
    </button>
  )
}

/** What every field has: a label, a hint and the sentence of a refusal. */
type FieldProps = { label: ReactNode; hint?: ReactNode; problem?: string | undefined }

function Framed({ label, hint, problem, children }: FieldProps & { children: (ids: FieldIds) => ReactNode }) {
  const id = useId()
  const described = [hint && `${id}-hint`, problem && `${id}-problem`].filter(Boolean).join(' ') || undefined
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {hint && <p className="hint" id={`${id}-hint`}>{hint}</p>}
      {children({ id, 'aria-describedby': described, 'aria-invalid': problem ? true : undefined })}
      {problem && <p className="problem" id={`${id}-problem`} role="alert">{problem}</p>}
    </div>
  )
}

type FieldIds = { id: string; 'aria-describedby': string | undefined; 'aria-invalid': true | undefined }

export function Input({ label, hint, problem, ...rest }: FieldProps & InputHTMLAttributes<HTMLInputElement> & { ref?: React.Ref<HTMLInputElement> }) {
  return <Framed {...{ label, hint, problem }}>{(ids) => <input {...rest} {...ids} />}</Framed>
}

export function TextArea({ label, hint, problem, ...rest }: FieldProps & TextareaHTMLAttributes<HTMLTextAreaElement> & { ref?: React.Ref<HTMLTextAreaElement> }) {
  return <Framed {...{ label, hint, problem }}>{(ids) => <textarea rows={4} {...rest} {...ids} />}</Framed>
}

export function Select({ label, hint, problem, children, ...rest }: FieldProps & SelectHTMLAttributes<HTMLSelectElement> & { ref?: React.Ref<HTMLSelectElement> }) {
  return <Framed {...{ label, hint, problem }}>{(ids) => <select {...rest} {...ids}>{children}</select>}</Framed>
}

export function Check({ label, ...rest }: { label: ReactNode } & InputHTMLAttributes<HTMLInputElement> & { ref?: React.Ref<HTMLInputElement> }) {
  return <label className="check"><input type="checkbox" {...rest} /><span>{label}</span></label>
}

export function Dialog({ open, onOpenChange, title, text, children }:
  { open: boolean; onOpenChange: (open: boolean) => void; title: string; text?: string; children: ReactNode }) {
  const { t } = useLanguage()
  const wayBack = useWayBack()
  return (
    <RadixDialog.Root open={open} onOpenChange={onOpenChange}>
      <RadixDialog.Portal>
        <RadixDialog.Overlay className="overlay" />
        <RadixDialog.Content className="dialog" {...wayBack} {...(!text && { 'aria-describedby': undefined })}>
          <div className="row between top">
            <RadixDialog.Title asChild><h2>{title}</h2></RadixDialog.Title>
            <RadixDialog.Close asChild><button type="button" className="button quiet icon" aria-label={t.close}>×</button></RadixDialog.Close>
          </div>
          {text && <RadixDialog.Description className="muted">{text}</RadixDialog.Description>}
          {children}
        </RadixDialog.Content>
      </RadixDialog.Portal>
    </RadixDialog.Root>
  )
}

/** A dialog begins in its first field, and leads back to where its reader was. */
function useWayBack() {
  const before = useRef<HTMLElement | null>(null)
  return {
    onOpenAutoFocus(event: Event) {
      before.current = document.activeElement as HTMLElement | null
      const field = (event.target as HTMLElement).querySelector<HTMLElement>('input, select, textarea')
      if (!field) return
      event.preventDefault()
      field.focus()
    },
    onCloseAutoFocus(event: Event) {
      if (!before.current?.isConnected) return
      event.preventDefault()
      before.current.focus()
    },
  }
}

/** Asks before what can't be taken back. */
export function Confirm({ open, onOpenChange, title, text, action, onConfirm, children }: {
  open: boolean; onOpenChange: (open: boolean) => void; title: string; text: string; action: string; onConfirm: () => void; children?: ReactNode
}) {
  const { t } = useLanguage()
  const wayBack = useWayBack()
  return (
    <AlertDialog.Root open={open} onOpenChange={onOpenChange}>
      <AlertDialog.Portal>
        <AlertDialog.Overlay className="overlay" />
        <AlertDialog.Content className="dialog" {...wayBack}>
          <AlertDialog.Title asChild><h2>{title}</h2></AlertDialog.Title>
          <AlertDialog.Description>{text}</AlertDialog.Description>
          {children}
          <div className="row end">
            <AlertDialog.Cancel asChild><Button>{t.cancel}</Button></AlertDialog.Cancel>
            <AlertDialog.Action asChild><Button kind="danger" onClick={onConfirm}>{action}</Button></AlertDialog.Action>
          </div>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  )
}

export function Chip({ tone = 'neutral', children, title }: { tone?: 'neutral' | 'good' | 'bad' | 'warn' | 'accent'; children: ReactNode; title?: string }) {
  return <span className={`chip ${tone}`} title={title}>{children}</span>
}

export function Card({ title, aside, children, id, className = '' }:
  { title?: ReactNode; aside?: ReactNode; children: ReactNode; id?: string; className?: string }) {
  return (
    <section className={`card ${className}`} {...(id && { id })}>
      {(title || aside) && <div className="row between top"><h2>{title}</h2>{aside}</div>}
      {children}
    </section>
  )
}

export function PageHead({ title, text, children }: { title: ReactNode; text?: ReactNode; children?: ReactNode }) {
  return (
    <header className="page-head">
      <div>
        <h1>{title}</h1>
        {text && <p className="muted">{text}</p>}
      </div>
      {children && <div className="row actions">{children}</div>}
    </header>
  )
}

export function Empty({ title, text, children }: { title: string; text?: string; children?: ReactNode }) {
  return <div className="empty"><h2>{title}</h2>{text && <p className="muted">{text}</p>}{children}</div>
}

/** A secret that is shown this once, to be copied. */
export function SecretOnce({ label, hint, value }: { label: string; hint?: string; value: string }) {
  const { t } = useLanguage()
  const say = useSay()
  const copy = () => void navigator.clipboard.writeText(value).then(() => say(t.copied))
  return (
    <div className="row bottom secret">
      <Input label={label} hint={hint} readOnly value={value} spellCheck={false} onFocus={(event) => event.target.select()} />
      <Button kind="primary" onClick={copy}>{t.copy}</Button>
    </div>
  )
}

/** A place where content is on its way. */
export function Loading({ lines = 3 }: { lines?: number }) {
  const { t } = useLanguage()
  return (
    <div className="loading" role="status">
      <span className="hidden">{t.loading}</span>
      {Array.from({ length: lines }, (_, index) => <span key={index} className="bone" aria-hidden="true" />)}
    </div>
  )
}

/** The sentence of a refusal in the page's language; the server's own where the page has none. */
export function useSentence() {
  const { t, language } = useLanguage()
  return (refused: Refusal): string => {
    if (language === 'en') return refused.advice.show
    const ours = t.codes[refused.code as keyof typeof t.codes]
    return ours ?? refused.advice.show
  }
}

/** A refusal as its sentence, and what the person can do about it. */
export function Problem({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { t, format } = useLanguage()
  const sentence = useSentence()
  if (!error) return null
  const refused = refusal(error)
  const { advice } = refused
  return (
    <div className="problem-box" role="alert" data-code={refused.code}>
      <p>{sentence(refused)}</p>
      {advice.then === 'upgrade' && (
        <p>
          {advice.resetsAt && <>{t.resets(format.day(advice.resetsAt))} </>}
          <Link to="/plan">{t.seePlans}</Link>
        </p>
      )}
      {advice.then === 'go back' && <p><Link to="/products">{t.backToList}</Link></p>}
      {advice.then === 'report' && <p className="muted">{t.report(refused.code)}</p>}
      {advice.then === 'wait' && onRetry && <Countdown seconds={advice.seconds} onRetry={onRetry} />}
      {advice.then === 'try again' && onRetry && <Button onClick={onRetry}>{t.tryAgain}</Button>}
    </div>
  )
}

function Countdown({ seconds, onRetry }: { seconds: number; onRetry: () => void }) {
  const { t } = useLanguage()
  const [left, setLeft] = useState(Math.ceil(seconds))
  useEffect(() => {
    if (left <= 0) return
    const timer = setTimeout(() => setLeft(left - 1), 1000)
    return () => clearTimeout(timer)
  }, [left])
  return <Button disabled={left > 0} onClick={onRetry}>{left > 0 ? t.tryAgainIn(left) : t.tryAgain}</Button>
}

const SayContext = createContext<(text: string) => void>(() => {})

/** Says in a sentence what has happened, for eyes and screen readers. */
export function useSay() {
  return useContext(SayContext)
}

export function SayProvider({ children }: { children: ReactNode }) {
  const [text, setText] = useState('')
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const say = useCallback((next: string) => {
    clearTimeout(timer.current)
    setText(next)
    timer.current = setTimeout(() => setText(''), 6000)
  }, [])
  return (
    <SayContext value={say}>
      {children}
      <div className="said" role="status" aria-live="polite">{text && <p>{text}</p>}</div>
    </SayContext>
  )
}
