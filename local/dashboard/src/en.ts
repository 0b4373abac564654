import type { Maker } from './data.ts'

const plural = (count: number, one: string, many: string) => `${count.toLocaleString('en')} ${count === 1 ? one : many}`

/** `others`: how many posts are without the pattern. */
export type PatternWords = { tag: string; seconds: string; ratio: string; n: number; others: number }

/** Every text of the pages. Other languages have the same names. */
export const en = {
  skip: 'Skip to the content', menu: 'Menu', mainNav: 'Main', loading: 'Loading', close: 'Close', cancel: 'Cancel', save: 'Save', saved: 'Saved.',
  edit: 'Edit', delete: 'Delete', remove: 'Remove', add: 'Add', more: 'Show more', moreActions: 'More', all: 'All', none: 'none', new: 'New', copy: 'Copy', copied: 'Copied.', open: 'Open',
  choose: 'Choose one', optional: 'optional', actions: 'Actions', reload: 'Reload', print: 'Print',
  nav: {
    products: 'Products', rules: 'Brand rules', brands: 'Brands', notifications: 'Notifications', plan: 'Plan', members: 'Members',
    audit: 'Audit log', developers: 'Developers', connections: 'Connections', account: 'Account',
  },
  roles: { admin: 'Admin', editor: 'Editor', viewer: 'Viewer' },
  roleMeans: { admin: 'Adds and changes, buys plans, exports, deletes the account, and makes API keys.', editor: 'Adds and changes.', viewer: 'Reads.' },

  // Signing in
  signIn: 'Sign in', signOut: 'Sign out', signInAgain: 'Sign in again', switchAccount: 'Switch account',
  signInTo: 'Sign in to CreatorsCook', localSignIn: 'CreatorsCook reads what people say about your products, and says what to film. On this machine any name signs you in, without a password.',
  name: 'Name', nameWrong: 'Use 1 to 64 letters, digits, or . _ @ + -', organisation: 'Organisation', role: 'Role',
  organisationHint: 'Only to work with colleagues. Leave it empty for your own account.',
  actsFor: (name: string, org: string) => `${name}, acting for ${org}`, ownAccount: (name: string) => `${name}, own account`,
  sessionEnded: 'Your session has ended', accountGone: 'This account is gone', textKept: 'This page stays as it is. What you have written is kept.',
  offline: 'You are offline. Changes are sent when you are back.',

  // Refusals
  tryAgain: 'Try again', tryAgainIn: (seconds: number) => `Try again in ${seconds} s`, backToList: 'Back to your products', seePlans: 'See the plans',
  resets: (day: string) => `It starts again on ${day}.`, report: (code: string) => `This is a mistake of the page (${code}).`,
  broken: 'This page did not load', nowhere: 'There is no such page',
  codes: {} as Record<string, string>, jobCodes: {} as Record<string, string>,

  // Products
  product: 'Product', inUse: (used: number, limit: number) => `${used} of ${plural(limit, 'product', 'products')} of your plan in use`,
  addProduct: 'Add product', addProductText: 'Give the web address of a shop page, a TikTok video or a TikTok profile. The first analysis starts at once.',
  addMany: 'Add several at once', addOne: 'Add one', addManyText: 'One product a line: a name, a comma, an address. Up to 500.',
  productLines: 'Products', line: (line: number) => `Line ${line}:`, addCount: (count: number) => `Add ${plural(count, 'product', 'products')}`,
  added: 'Added. The analysis has started.', addedMany: (count: number) => `${plural(count, 'product', 'products')} added.`,
  address: 'Web address', addressHint: 'It must be public, and it can’t change later.', addressWrong: 'This is no web address. Copy it from the browser: it starts with https://.', tags: 'Tags (optional)', tagsHint: 'To find it again. Separated by commas.', brand: 'Brand', noBrand: 'No brand',
  search: 'Search by name', show: 'Show', inUseOnly: 'In use', archived: 'Archived', removeFilter: (tag: string) => `Stop filtering by ${tag}`,
  clearFilters: 'Clear filters', nothingFound: 'Nothing matches',
  noProducts: 'No products yet', noProductsText: 'Add the page of a product. You see what people say about it, and what to film.', noProductsViewer: 'An editor can add products.',
  analysed: (ago: string) => `analysed ${ago}`, scriptCount: (count: number) => plural(count, 'script', 'scripts'), addedBy: ({ isMe, name }: Maker) => `added by ${isMe ? 'you' : name}`, changedBy: ({ isMe, name }: Maker) => `by ${isMe ? 'you' : name}`, before: (score: string) => `was ${score}`,
  sample: 'Sample data', sampleText: 'These results come from the included sample data, not from data about this product.',
  watch: 'Watch it', watchIs: { off: 'Not watched', weekly: 'Watched weekly', daily: 'Watched daily' },
  watchSaid: { off: 'No longer watched.', weekly: 'Analysed every week from now on.', daily: 'Analysed every day from now on.' },
  archive: 'Archive', restore: 'Restore', archivedSaid: 'Archived. It keeps all it has.', restored: 'Restored.',
  deleted: (name: string) => `${name} is deleted.`, deleteProduct: (name: string) => `Delete ${name}?`,
  deleteProductText: 'Its analyses, packs, scripts and links are deleted, too. This can’t be undone. Archive it to keep them.',
  analyseAgain: 'Analyse again', analysing: 'Analysis', writingScript: 'Writing the script',
  wasCancelled: (what: string) => `${what}: cancelled.`, hasFailed: (what: string) => `${what} failed.`, otherAddress: 'An address can’t change. Delete the product, and add it with the right one.', deleteThis: 'Delete this product', triesAgain: 'The last try failed; it is tried again.', cancelled: 'Cancelled.',
  stages: {
    queued: 'in the queue', starting: 'starting', fetching: 'reading', fetching_page: 'reading the page', collecting: 'collecting', collecting_videos: 'collecting videos',
    collecting_comments: 'collecting comments', searching_videos: 'searching videos', analysing: 'analysing', writing: 'writing', reviewing: 'reviewing', saving: 'saving',
    retrying: 'waiting for the next try', waiting: 'waiting', waiting_for_source: 'waiting for the data', waiting_for_tiktok: 'waiting for TikTok', done: 'done', failed: 'failed', cancelled: 'cancelled',
  },
  tabs: { pack: 'Pack', people: 'What people say', video: 'Performance', history: 'Over time', compare: 'Compare', scripts: 'Scripts' },
  beingAnalysed: 'The analysis is running', beingAnalysedText: 'This page shows the pack as soon as it is there.',
  noPack: 'No analysis yet', noPackText: 'Run an analysis to see this.', noPackFailed: 'The message above says why, and what to do.',

  // Numbers
  standsOut: 'Stands out', stillGrowing: 'Still growing', mood: 'Mood', of100: 'of 100', of5: 'of 5', notMeasured: 'not measured', notShown: 'Not shown',
  fromTo: (low: string, high: string) => `${low} to ${high}`, likely: (low: string, high: string) => `(likely ${low} to ${high})`, of: (count: string) => `n = ${count}`, times: (ratio: string) => `${ratio} times the usual views`,
  intervalOf: (what: string, value: number, range: readonly number[] | null | undefined) =>
    `${what}: ${Math.round(value * 100) / 100}${range ? `, likely ${Math.round(range[0]! * 100) / 100} to ${Math.round(range[1]! * 100) / 100}` : ''}`,
  standsOutMeans: (value: string) => `Of 100 posts, ${value} stand out less. The brackets and the bar are the likely range: 80 of 100 later analyses should find the number inside.`, stillGrowingMeans: 'It counts how many of 100 posts get fewer saves per like. Posts that people save tend to keep getting views. It is no forecast.', standsOutMissing: 'There is nothing to compare a video with yet.',
  bands: { breakout: 'breakout', above: 'above usual', typical: 'as usual', below: 'below usual', insufficient_data: 'too little data' },
  moods: { positive: 'Positive', mixed: 'Praise and complaint', negative: 'Negative', neutral: 'Neutral', unclear: 'Unclear', insufficient_data: 'Too little data' },
  levels: { high: 'high', medium: 'medium', low: 'low', insufficient_data: 'too little data' },
  growth: { heating: 'heating up', steady: 'steady', saturating: 'cooling down', insufficient_data: 'too little data' },

  // Pack
  cases: { shop_product: 'Pack for a product of a shop', own_video: 'Pack for your own video', profile: 'Pack for a profile', no_comments: 'Pack without comments' },
  confidence: 'Confidence', whyConfidence: 'Why this confidence', freshUntil: (day: string) => `Fresh until ${day}.`, why: 'Why we say this',
  evidence: { comment: 'Comments', review: 'Reviews', video: 'Video', product_fact: 'Page', benchmark: 'Comparison' },
  whatChanged: 'What changed since the last analysis', toFilm: 'What to film', nextSteps: 'What to do next', hooks: 'Hooks', facts: 'What the page states', angles: 'Angles', beats: 'Script, beat by beat', risks: 'Risks',
  comparables: 'Posts that stood out', theirTags: 'Their hashtags', tagsAreCounts: 'How many of these posts have each hashtag. It is a count, not advice.', watchVideo: 'Watch it', secondsLong: (seconds: string) => `${seconds} s long`,
  ratioBasis: { creator_median: 'compared with its creator’s usual views', followers: 'compared with accounts of as many followers' },
  dosDonts: 'Do and don’t', dos: 'Do', donts: 'Don’t', disclosure: 'Disclosure', caveats: 'What to keep in mind',
  scriptFromHook: 'Write a script', retentionOf: (mean: string, low: string, high: string, n: number) => `after 5 s, viewers left on a scale from 0 to 2: ${mean} (likely ${low} to ${high}, ${plural(n, 'post', 'posts')})`,
  hookTypes: {
    question: 'Question', contrarian: 'Contrarian', result_first: 'Result first', problem: 'Problem', story: 'Story', listicle: 'List', pov: 'Point of view', demo: 'Demo',
    social_proof: 'Social proof', warning: 'Warning', comparison: 'Comparison', curiosity_gap: 'Curiosity', none: 'No hook',
  },
  hookBasis: { own_posts: 'from your own posts', viewers: 'from what viewers say', outliers: 'from posts that stood out', question: 'from what people ask', theme: 'from what people say', topic: 'from what reviews speak of', fact: 'from what the page states' },
  factKinds: { spec: 'Stated value', price: 'Price', stock: 'Stock', rating: 'Rating', material: 'Material', size: 'Size', colour: 'Colour', brand: 'Brand' },
  severities: { high: 'High', medium: 'Medium', low: 'Low' },
  seconds: 'Seconds', beat: 'Beat', says: 'Says', onScreen: 'On screen', firstPicture: 'First picture', compared: 'What differs',
  beatKinds: { hook: 'Hook', problem: 'Problem', demo: 'Demo', proof: 'Proof', payoff: 'Payoff', cta: 'Call to action' },
  noBeats: 'There is too little data for a script in this pack.', noBeatsText: 'It takes reviews, a video, or a page that states more. Analyse again later, or write a script yourself.',
  changeKinds: {
    breakout: 'Breakout', stands_out_up: 'Stands out more', stands_out_down: 'Stands out less', heating: 'Heating up', cooling: 'Cooling down', net_up: 'Better mood', net_down: 'Worse mood',
    new_complaint: 'New complaint', complaint_gone: 'Complaint gone', sold_out: 'Sold out', back_in_stock: 'Back in stock', price_up: 'Price up', price_down: 'Price down',
  },
  download: 'Download', asMarkdown: 'Markdown, for documents', asCsv: 'CSV, for spreadsheets', downloaded: 'The file is saved.',
  share: 'Share', shareText: 'Whoever has the link sees this pack, and nothing else of your account.', endsAfter: 'Ends after', days: (count: number) => plural(count, 'day', 'days'), newLink: 'New link',
  linkOnce: 'The link. It is shown this once.', openLinks: 'Links that are open', madeEnds: (made: string, ends: string) => `Made ${made}, ends ${ends}`, revoke: 'Revoke',
  sharedPack: 'A shared pack', sharedOn: (day: string) => `Written on ${day}`, linkIncomplete: 'This link is not complete', linkOver: 'This link has ended', linkOverText: 'Ask who sent it for a new one.',

  // What people say
  netMeans: 'The share of praise minus the share of complaint, from -1 to +1. The bar is the likely range (95 %).', fromTexts: (n: number) => `From ${plural(n, 'comment or review', 'comments and reviews')}.`,
  shares: { positive: 'Praise', neutral: 'Neither', negative: 'Complaint' },
  whatWasRead: 'What was read', readCounts: (read: number, all: number) => `${read.toLocaleString('en')} of ${plural(all, 'text', 'texts')} that were found`,
  commentsReviews: (comments: number, reviews: number) => `${plural(comments, 'comment', 'comments')}, ${plural(reviews, 'review', 'reviews')}`,
  languages: 'Languages', notRead: (n: number) => `${plural(n, 'text was', 'texts were')} not read.`, leftOut: 'Left out',
  dropped: { duplicate: 'duplicates', spam: 'spam', suspected_injection: 'attempts to steer the analysis' }, partial: 'The source gave only a part.', between: (from: string, to: string) => `Written ${from} to ${to}.`,
  themes: 'Themes', noThemes: 'No theme comes up often enough.', themeKinds: { praise: 'Praise', pain: 'Complaints', question: 'Questions', objection: 'Doubts', desire: 'Wishes' }, byModel: 'Named by the language model',
  aspects: 'By subject', aspectsMean: 'Left of the line is complaint, right of it is praise.', tooFewSubjects: (n: number) => `${plural(n, 'more subject', 'more subjects')} with too few mentions to judge`, mentionCount: (n: number) => plural(n, 'mention', 'mentions'), mentions: (n: number) => `from ${n}`, precision: (share: string) => `Read by hand, ${share} of such mentions were right.`,
  aspectNames: {} as Record<string, string>,
  stars: 'Stars', fromReviews: (n: number) => `from ${plural(n, 'review', 'reviews')}`, starCount: (count: number) => `${count} ★`, wantToBuy: 'Want to buy',

  // Performance
  viewsPerHour: (views: string) => `${views} views an hour since the count before`, openings: 'How posts that stood out begin', openingsFrom: (n: number) => `From ${plural(n, 'post', 'posts')}, by what is said. Never their words.`,
  pace: 'Pace', wordsPerSecond: (words: string) => `${words} words a second`, productFirst: 'Product first named', atSecond: (second: string) => `at second ${second}`,
  retention: 'How long viewers stay, by kind of hook', retentionMeans: 'Of other posts, after five seconds: 0 means few are left, 2 means many. The bar is the likely range (95 %).', pooled: 'Kinds on one line do not differ from each other measurably.',
  patterns: 'Patterns of the creator’s own posts', patternsMean: 'What goes with views among the posts of one creator. A pattern, no cause.',
  patternKinds: {
    short: ({ seconds, ratio, n, others }: PatternWords) => `Posts of up to ${seconds} s get ${ratio} times the views of the longer ones (${n} against ${others}).`,
    topic: ({ tag, ratio, n, others }: PatternWords) => `Posts with #${tag} get ${ratio} times the views of the others (${n} against ${others}).`,
    again: ({ tag, ratio, n, others }: PatternWords) => `The post with #${tag} has ${ratio} times the usual views; ${n} of ${others} others take it up.`,
    level_up: ({ ratio, n, others }: PatternWords) => `The newer ${n} posts get ${ratio} times the views of the ${others} before.`,
    level_down: ({ ratio, n, others }: PatternWords) => `The newer ${n} posts get only ${ratio} times the views of the ${others} before.`,
  },
  patternLasts: (held: string, n: number, ratio: string, low: string, high: string) => `Does it last? Of ${plural(n, 'such pattern', 'such patterns')} of other creators, ${held} showed in later posts, too. Those had ${ratio} times the views (${low} to ${high}).`,
  topicLasts: (held: string, n: number, ratio: string, low: string, high: string) => `Does it last? After ${plural(n, 'post', 'posts')} of other creators that stood out, later posts with the same hashtag got more views than the others in ${held} of the cases. They had ${ratio} times the views (${low} to ${high}).`,
  spoken: 'What is said in the video', opensWith: 'Opens with', callToAction: 'Call to action', spokenLanguage: 'Language',
  ctaKinds: { link: 'to a link', buy: 'to buy', follow: 'to follow', comment: 'to comment', save: 'to save', share: 'to share' },
  spokenBeats: { hook: 'Hook', problem: 'Problem', demo: 'Demo', proof: 'Proof', call_to_action: 'Call to action', other: 'Other' },
  drivers: 'What may lie behind it', driversFor: 'For it', driversAgainst: 'Against it',
  metrics: 'Measured', metric: 'Measure', value: 'Value', amongOthers: 'Among other posts', basis: 'Basis',
  metricNames: { share_rate: 'Shares per view', save_rate: 'Saves per view', saves_per_like: 'Saves per like', comment_rate: 'Comments per view', like_rate: 'Likes per view', engagement_rate: 'Engagement per view', outlier_ratio: 'Views, times usual' },
  record: 'How often the likely ranges held', recordMeans: 'A range holds if a later analysis finds the number inside. About 80 of 100 should. The line marks 80.', recordOwn: 'Your products', recordAll: 'All accounts',
  recordOwnNone: 'No likely range of yours was checked yet. An analysis at least three days later checks the first.', recordNone: 'None was checked yet. An analysis at least three days later checks the first.', held: (hits: number, n: number) => `${hits} of ${n} held:`,

  // Over time
  measure: 'Measure', onePoint: 'One analysis so far. A line needs two.', standsOutBand: 'The band is the likely range of each analysis (80 %).', netBand: 'The band is the likely range of each analysis (95 %).',
  analyses: 'Analyses', day: 'Day', nextLook: 'Range held?', complaints: 'Complaints', viewsAnHour: 'Views an hour', notJudged: 'not checked yet', heldYes: 'yes', heldNo: 'no',
  chartOf: (what: string, n: number) => `${what} over ${n} analyses. The table below has the numbers.`,

  // Compare
  sideBySide: 'Side by side', price: 'Price', soldOut: '(sold out)', noCompetitors: 'No competitors yet', noCompetitorsText: 'Put up to five of your products beside this one.',
  addCompetitor: 'Add a competitor', addCompetitorText: 'A competitor is a product of your account: it is analysed like any other and counts in your plan.', noOthers: 'No other products', removeCompetitor: (name: string) => `Remove ${name}`,
  overlap: 'Where two bars overlap, the difference may be chance.',

  // Scripts
  script: 'Script', noScripts: 'No scripts yet', noScriptsText: 'Have a draft written, or write one yourself.', writeMyself: 'Write one myself', newScriptText: 'Hook:\n\n', scriptStatus: { draft: 'Draft', final: 'Final' }, aiDraft: 'Written by a program',
  aiDraftTitle: 'Have a draft written', hook: 'Hook', anyHook: 'Let the writer choose', wish: 'Wishes (optional)', wishHint: 'Tone, length, what must come up. The draft shows what breaks your brand rules.', writeDraft: 'Write a draft', draftBegun: 'The draft is being written.',
  openWith: (hook: string) => `Open with this hook: ${hook}`, versionOf: (version: number) => `Version ${version}`, title: 'Title', text: 'Text', unsaved: 'not saved yet', allSaved: 'saved', savesLater: 'is saved when you are back online',
  makeFinal: 'Make final', saveFinal: 'Save and make final', backToDraft: 'Back to draft', isFinal: 'The script is final.', wordsSeconds: (words: number, seconds: number) => `${plural(words, 'spoken word', 'spoken words')}, about ${seconds} s. Words in brackets are not counted. Ctrl+S saves.`,
  rulesOf: 'Brand rules', noRulesApply: 'No rule applies to this script.', keepsFromFinal: (n: number) => `${plural(n, 'broken rule keeps', 'broken rules keep')} it from being final.`, needsReview: 'Judge yourself', suggestion: 'Suggestion', showInText: 'Show in the text',
  passedRules: (n: number) => `${plural(n, 'rule is', 'rules are')} kept.`, brokenRules: (n: number): string => (n === 1 ? 'broken rule' : 'broken rules'),
  review: 'Review by AI', reviewText: 'Advice on the draft as it was written. It keeps no script from being final.', verdicts: { pass: 'kept', fail: 'broken', needs_review: 'unclear', not_applicable: 'does not apply' },
  versions: 'Earlier versions', noVersions: 'None yet. Each save keeps the text before it.', restoreVersion: 'Restore this text', versionRestored: 'Restored as a draft.',
  conflict: 'This script was changed elsewhere', conflictText: (when: string) => `Somebody saved another text at ${when}. Yours is not lost.`, yours: 'Your text', theirs: 'The saved text', keepMine: 'Save mine over it', takeTheirs: 'Take the saved one', bothKept: 'The text that is replaced stays among the earlier versions, if it was saved.',
  deleteScript: 'Delete this script?', deleteScriptText: 'Its versions are deleted, too. This can’t be undone.', scriptDeleted: 'The script is deleted.', leaveUnsaved: 'Leave without saving?', leaveUnsavedText: 'What you have changed here is lost.', leave: 'Leave',

  // Brand rules
  rulesText: 'What scripts must and must not say. A script that breaks a rule marked Error can’t be final.', addRule: 'Add rule', editRule: 'Edit rule', ruleText: 'Scripts are checked while they are written, without AI.', ruleName: 'Name', kind: 'Kind', severity: 'Severity',
  ruleSeverity: { error: 'Error', warning: 'Warning', info: 'Note' }, severityMeans: { error: 'keeps a script from being final', warning: 'is shown', info: 'is shown' },
  appliesTo: 'Applies to', allBrands: 'All brands', ruleMessage: 'What writers see (optional)', ruleMessageHint: 'A sentence that says why.', moreFields: 'More', paidOnly: 'Only for paid partnerships (a person decides)', passExamples: 'Texts that keep it', failExamples: 'Texts that break it', examplesHint: 'One a line. The rule is refused if it judges one wrongly.',
  onePerLine: 'One a line.', mapHint: 'One a line: cheap = affordable', byDefault: 'Standard', ruleSaved: 'The rule is saved.', ruleDeleted: 'The rule is deleted.', deleteRule: (name: string) => `Delete the rule ${name}?`, deleteRuleText: 'Scripts are no longer checked against it.',
  adoptFtc: 'Copy the rules of the FTC', adoptTiktok: 'Copy the rules of TikTok', adopted: (n: number) => `${plural(n, 'rule is', 'rules are')} in your list.`, noRules: 'No rules yet', noRulesText: 'Copy a starter set, or add one of your own.', applied: 'Applied', origin: { ftc: 'from the FTC', tiktok: 'from TikTok' },
  kinds: {
    banned_phrase: { name: 'Banned phrases', text: 'Words that must not appear, in any disguise.' },
    substitution: { name: 'Better words', text: 'Words to replace, each with its better one.' },
    required_mention: { name: 'Required mention', text: 'Words that must appear.' },
    disclosure: { name: 'Disclosure', text: 'A paid post must say that it is one.' },
    max_length: { name: 'Length', text: 'How long a script may be.' },
    regex: { name: 'Pattern', text: 'A regular expression that must match, or must not.' },
    claim: { name: 'Advertising claim', text: 'Claims about health, income, guarantees and the like.' },
    testimonial: { name: 'Testimonial', text: 'No invented first-person experience.' },
    price_match: { name: 'Price', text: 'Prices must match the product’s page.' },
    tone: { name: 'Tone', text: 'How it should sound. A person or AI judges it.' },
    reading_level: { name: 'Reading level', text: 'How hard to read a script may be.' },
    cta: { name: 'Call to action', text: 'Whether, and where, a script asks for something.' },
    competitor_mention: { name: 'Competitors', text: 'Names that must not appear, or need a look.' },
    hashtags: { name: 'Hashtags', text: 'Which are required or forbidden, and how many.' },
    emoji: { name: 'Emoji', text: 'Which are forbidden, and how many.' },
    rubric: { name: 'Judgement', text: 'A question that a person or AI answers.' },
    all_of: { name: 'All of several', text: 'Every one of these rules must hold.' },
    any_of: { name: 'One of several', text: 'One of these rules must hold.' },
    not: { name: 'Not', text: 'This rule must not hold.' },
  },
  params: {
    terms: 'Phrases', match: 'Match', normalise: 'Also find', exceptions: 'Exceptions', map: 'Words', any_of: 'One of these', all_of: 'All of these', min: 'At least', max: 'At most', spelling: 'Spelling',
    accepted: 'Accepted disclosures', ambiguous: 'Too vague to count', caption_first_chars: 'Within so many first characters', spoken_within_s: 'Spoken within seconds', max_preceding_hashtags: 'Hashtags before it, at most',
    unit: 'Counted in', wpm: 'Words a minute', must: 'The pattern', pattern: 'Pattern', category: 'Category', policy: 'Policy', patterns: 'More patterns', disclaimer: 'Disclaimer', substantiation_refs: 'Proof', max_age_h: 'Price at most so many hours old',
    target: 'Should sound', forbid: 'Must not sound', threshold: 'Threshold, 0 to 1', metric: 'Measure', required: 'Required', position: 'Position', names: 'Names', forbidden: 'Forbidden', text: 'Question', rules: 'Rules',
  },
  paramChoices: {
    word: 'whole words', prefix: 'beginnings of words', substring: 'any part', case: 'capitals (BEST)', width: 'wide letters (ｂｅｓｔ)', leet: 'digits for letters (b3st)', zero_width: 'hidden characters', exact: 'exactly so', any: 'any',
    chars: 'characters', words: 'words', seconds: 'seconds', match: 'must match', not_match: 'must not match', health: 'health', weight: 'weight', income: 'income', superlative: 'superlatives', guarantee: 'guarantees', before_after: 'before and after', comparison: 'comparisons',
    forbid: 'forbidden', substantiate: 'needs proof', disclaim: 'needs a disclaimer', forbid_fabricated_first_person: 'no invented experience', review: 'a person looks', start: 'at the start', end: 'at the end', anywhere: 'anywhere', fk_grade: 'school grade (Flesch-Kincaid)',
  },

  // Brands
  brandsText: 'The clients of an agency. Each has products and rules of its own.', brandName: 'Name of the brand', addBrand: 'Add brand', brandAdded: 'The brand is added.', noBrands: 'No brands yet', noBrandsText: 'You need them only if you work for several clients.',
  productCount: (n: number) => plural(n, 'product', 'products'), ruleCount: (n: number) => plural(n, 'rule', 'rules'), deleteBrand: (name: string) => `Delete ${name}?`, deleteBrandText: 'Only a brand without products and rules can be deleted.',

  // Plan
  yourPlan: (name: string) => `You have the plan ${name}.`, plans: 'Plans', portal: 'Change or cancel', used: 'Used', usage: { products: 'Products', analyses: 'Analyses this month', scripts: 'AI scripts this month', seats: 'Seats this month' },
  usedOf: (used: string, limit: string) => `${used} of ${limit}`, resetsAll: (day: string) => `Monthly counts start again on ${day}.`, current: 'Current', choosePlan: (name: string) => `Choose ${name}`, adminsBuy: 'An admin of the organisation buys plans.',
  subscription: { active: 'Your subscription is active.', trialing: 'You are trying it.', past_due: 'The last payment failed.', canceled: 'Your subscription has ended.', unpaid: 'Your subscription is unpaid.', paused: 'Your subscription is paused.' },
  endsOn: (day: string) => `It ends on ${day}.`, renewsOn: (day: string) => `It renews on ${day}.`,
  planProducts: (n: string) => `${n} products`, planAnalyses: (n: string) => `${n} analyses a month`, planScripts: (n: string) => `${n} AI scripts a month`, planSeats: (n: number) => plural(n, 'seat', 'seats'), planHistory: (n: string) => `Charts of ${n} analyses`, planTranscripts: 'Reads what is said in videos',
  payment: 'Payment', payBy: { month: 'Monthly', year: 'Yearly' }, perInterval: { month: 'a month', year: 'a year' }, free: 'No charge', orByYear: (amount: string) => `or ${amount} a year`, notSoldBy: { month: 'Not sold by the month', year: 'Not sold by the year' },
  yearSaves: (amount: string) => `${amount} less than twelve months`,
  planWatch: { off: 'No watching', weekly: 'Watches products weekly', daily: 'Watches products daily' }, thanks: 'Thank you', planIs: (plan: string) => `Your plan is ${plan} now.`,

  // Members, audit, notifications
  membersText: 'Who acts for the organisation.', seatsUsed: (used: number, limit: number) => `${used} of ${plural(limit, 'seat', 'seats')} taken this month`, seen: (ago: string) => `Last here ${ago}.`, yourself: 'You', invite: 'Invite somebody', inviteText: 'The sign-in keeps names, this page does not. A colleague is shown as a role and four characters.', inviteLocal: (org: string) => `On this machine nobody sends invitations. Your colleague opens this page, and signs in with the organisation ${org}.`, seatsFull: 'All seats of this month are taken.',
  noOrganisation: 'This is your own account', noOrganisationText: 'Sign in for an organisation to see its members.',
  auditText: 'Who changed what, without the texts themselves. Kept for a year.', noEvents: 'Nothing has happened yet', adminsOnly: 'For admins', adminsOnlyText: 'An admin of the organisation sees who changed what.', when: 'When', who: 'Who', did: 'What', changed: 'Changed', nobody: 'nobody', you: 'you', anApiKey: 'an API key',
  auditActions: { insert: 'added', update: 'changed', delete: 'deleted', export: 'exported' }, joined: 'joined', targets: { product: 'a product', script: 'a script', brand_rule: 'a brand rule', api_key: 'an API key', webhook_endpoint: 'a webhook', subscription: 'a subscription', membership: 'a membership', account: 'the account' },
  analysisDone: (product: string, score: string | null) => `The analysis of “${product}” is done.${score === null ? '' : ` It stands out more than ${score} of 100 posts.`}`, analysisFailed: (product: string, why: string) => `The analysis of “${product}” failed. ${why}`,
  openProduct: 'Open the product', unread: (n: number) => `${n} new`, markRead: 'Mark as read', markAllRead: 'Mark all as read', noNotifications: 'Nothing to tell', noNotificationsText: 'A breakout, a new complaint or a sold-out product of those you watch is told here.',

  // Developers
  developersText: 'For programs that work with this account.', adminsMakeKeys: 'An admin of the organisation makes API keys and webhooks.', apiKeys: 'API keys', webhooks: 'Webhooks',
  apiKeysText: 'A key lets a server or an agent act for this account, without a person who signs in.', newKey: 'New API key', newKeyText: 'Give each program a key of its own. Then you can end one without the others.', makeKey: 'Make the key',
  noKeys: 'No API keys yet', noKeysText: 'Make one for each program that reads or writes by itself.', keyNameHint: 'What uses it, such as “Nightly import”.', keyMay: 'It may',
  scopeNames: { read: 'Read', write: 'Read and write' }, scopeMeans: { read: 'what a viewer sees', write: 'what an editor does' }, theKey: 'The key', secretOnce: 'It is shown this once. Keep it where your secrets are.', keptIt: 'I have kept it',
  lastUsed: (ago: string) => `last used ${ago}`, neverUsed: 'never used', worksUntil: (day: string) => `works until ${day}`, endedOn: (day: string) => `ended on ${day}`, revokedOn: (day: string) => `revoked on ${day}`, madeBy: ({ isMe, name }: Maker) => `made by ${isMe ? 'you' : name}`,
  revoked: 'Revoked', expired: 'Ended', revokeKey: (name: string) => `Revoke ${name}`, revokeKeyText: 'Whatever uses this key is refused from now on. This can’t be undone.', keyRevoked: (name: string) => `${name} is revoked.`,
  howToUse: 'How to use a key', keyUse: 'Exchange it for an access token of five minutes. Use the token as a browser does.', keyNever: 'No key buys, exports or deletes, or sees members, keys and webhooks. It never belongs into a page.',
  webhooksText: 'What the notifications tell is posted to your server, signed.', addWebhook: 'Add webhook', editWebhook: 'Edit webhook', webhookFormText: 'Each event is posted there as JSON, with a signature of Standard Webhooks.', noWebhooks: 'No webhooks yet', noWebhooksText: 'Add the address of your server to be told when an analysis is done, or a product sells out.',
  webhookUrl: 'URL', webhookUrlHint: 'A public https:// address. Redirects are not followed.', webhookDescription: 'Description (optional)', webhookKinds: 'Events', webhookAll: 'All events, also later ones', webhookGets: 'Gets', webhookSecret: 'The secret', webhookVerify: 'Your server verifies each post with it. Until there is a secret, nothing is posted.',
  notificationKinds: {
    analysis_done: 'Analysis done', analysis_failed: 'Analysis failed', score_changed: 'Score changed', breakout: 'Breakout', new_complaint: 'New complaint', sold_out: 'Sold out', back_in_stock: 'Back in stock',
    watch_failing: 'Watching fails', watch_stopped: 'Watching stopped', quota_nearly_used: 'Quota nearly used', payment_failed: 'Payment failed', webhook_disabled: 'Webhook disabled', test: 'Test',
  },
  enabled: 'In use', disabled: 'Disabled', enable: 'Enable', disable: 'Disable', enabledSaid: 'In use again.', disabledSaid: 'Disabled. Nothing is posted there.', since: (when: string) => `Since ${when}.`,
  disabledReasons: { owner: 'An admin has disabled it.', gone: 'It answered 410: gone.', failing: 'It has failed for three days.' },
  sendTest: 'Send a test', testSent: 'The test is on its way.', newSecret: 'New secret', newSecretText: 'The old secret signs beside the new one for 24 hours. Make two to end a leaked one at once.', makeSecret: 'Make a secret', oldSecretEnds: (when: string) => `The old secret signs until ${when}.`,
  deleteWebhook: 'Delete this webhook?', deleteWebhookText: 'Nothing is posted there any more, and its deliveries are deleted.', webhookDeleted: 'The webhook is deleted.', backToWebhooks: '← All webhooks',
  deliveries: 'Deliveries', noDeliveries: 'Nothing was posted yet', noDeliveriesText: 'Send a test to see whether your server takes it.', deliveriesKept: 'The latest 50. Each is kept for 30 days.', whatIsPosted: 'What is posted',
  deliveryStatus: { pending: 'On its way', delivered: 'Delivered', failed: 'Failed' }, triedAgain: 'Is tried again', attempts: (n: number) => plural(n, 'attempt', 'attempts'), answeredWith: (status: number) => `answered ${status}`, nextTry: (when: string) => `next attempt ${when}`,
  deliveryProblems: { status: 'no answer 2xx', timeout: 'no answer within 10 s', unreachable: 'no connection', not_allowed: 'the address is not public', endpoint_disabled: 'not tried: the webhook is disabled' },

  // Connections and account
  connectionsText: 'Accounts elsewhere that may be read for you.', connected: 'Connected', tiktokText: 'With your own posts, a video is compared with what you usually reach.', connectTiktok: 'Connect TikTok', connectAgain: 'Connect again', tiktokConnected: 'TikTok is connected.', connectedSince: (from: string, to: string) => `Since ${from}, until ${to} without a new consent`, scopes: 'What it allows', editorsConnect: 'An editor can connect it.',
  thisBrowser: 'This browser', pageLanguage: 'Language of these pages', looks: 'Appearance', themesOf: { system: 'As the system', light: 'Light', dark: 'Dark' }, packs: 'Packs', packIn: (language: string) => `This pack is in ${language}.`, packLanguage: 'Language of packs', packLanguageHint: 'It holds from the next analysis on.', localeSaved: 'Saved. It holds from the next analysis on.',
  export: 'Export', exportText: 'Everything that is stored about this account, as one JSON file.', exportDo: 'Export everything', exporting: (n: number) => `Page ${n} …`, exported: 'The export is saved.', adminsExport: 'An admin can export the organisation.',
  deleteAccount: 'Delete the account', deleteAccountText: 'Everything in it is erased for good, and its subscription is cancelled.', deleteOrganisationText: 'Everything of this organisation is erased for good, and its subscription is cancelled. Your own account stays.', typeToDelete: (name: string) => `Type ${name} to confirm`, deleteForGood: 'Delete for good', deleteLast: 'This can’t be undone, by anybody.', adminsDelete: 'An admin can delete the organisation.',
}

export type Texts = typeof en
