"""The table of a run, for a terminal and for docs/evaluation.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tests.evaluation.thresholds import Finding, Threshold, falls_short, is_missed

METHOD = """\
# How good the analysis is

Written by `make eval`; the thresholds are in `tests/evaluation/thresholds.toml`.

{table}

## How it is measured

- **Beside.** Of the virality thresholds each prints what a constant reaches, and what the same
  values reach when they are shuffled. Neither passes.
- **Growth.** Videos seen twice, days apart. Growth is mostly age, so the target is what is left of
  it within twenty bins of age. Only the held-out half of the creators counts. Each
  video is placed among 30 strangers, as an analysis places it. The low end of the interval decides.
- **Baselines.** A post is compared with the five, or ten, posts before it; the interval has to hold
  its ratio to the creator's whole record. Longer baselines would overlap with that record.
- **Followers.** The line and the quantiles are fitted on half of the creators, and judged on the
  other half. Each post is judged as if it were the only one known of its creator. The truth is its
  ratio to the median of the creator's other posts.
- **Comparables.** 300 niches of 60 strangers, one post of each. Each comparable shown is looked up
  in its creator's record.
- **Retention.** Short videos of Snapchat with the part of viewers left after five seconds. Each
  post's opening is ranked by a table that the post's fold is not in. Kinds with fewer than 30
  posts are pooled. So are kinds whose interval overlaps that of captions without a hook.
- **Patterns.** They are found in the first 60 % of a creator's posts, and looked up in the later.
  The held-out half of the creators counts. Kinds were kept that lasted on both halves, so
  both were seen. Long posts, own sounds, few hashtags, weekends and hours did not last.
- **Labels.** Sets that the weights were not fitted on, and reviews of groups that were left out.
  The weights are fitted on English alone; other languages are read through the embedding.
- **Totals.** Groups of sixty texts, through the same code that serves users. The mix of labels is
  the set's own, or drawn at random, or one-sided. The distance is the total variation between the
  distribution shown and the true one.
- **Claims.** Hits of each aspect were read by hand, up to 60. Aspects below .8 carry no claim.
  Phrases of reviews and of viewers were read likewise, praise and complaint told apart. They were
  written with these sets in view. "Look" and "size" have fewer than 50 hits, and carry no claim.
- **Words.** The set has no videos, but neighbours are from one or from similar ones. The lists were
  made with every second hundred comments in view. Words of the other hundreds were read by hand
  beside their comments. After the first 60, halves of terms ("machine" of "machine learning") were
  left out; of the 36 read after that 33 were right. The set has no capitals and no authors.
- **Words of captions.** Nothing is said about which words of captions go with views. Judging that
  takes creators with fifteen posts and their captions. The sets with captions have twelve posts of
  one creator at most; 348 of 399 and 815 of 950 creators have one. So no such pattern is shown.
- **Topics.** Clauses of reviews that have a word of a topic were read by hand, up to seven of each
  topic: right if they speak of this thing of the product. Each topic has too few to be judged
  alone. The words were written with these reviews in view, and so were those of the aspects.
- **Constants.** Beside a value stands what an answer gets that ignores its input, and what the
  analysis gets on shuffled labels. Where a constant would pass, another threshold fails it.
- **Missed.** A threshold marked as missed is not reached. The run fails if its value gets worse.
- **Product pages.** The measure of the benchmark the pages come from, beside extruct alone.
- **Kinds.** The rule and its prototypes were fitted on names and categories in 26 languages,
  written for this project (`product_kinds.csv`). Others judge it (`product_kinds_by_another.csv`).
  Beside it stand the words of the name alone, the most frequent kind for all, and shuffled answers.
  The real pages were seen while the rule was made.
- **Honesty.** Real comments and captions, each marked with a planted word, a tenth of them planted
  instructions; the three documents are searched for them, for any eight words in a row, for handles
  and addresses. Evidence and numbers are counted anew, not taken from what the documents claim.
- **Brand rules.** Lines written by hand for this project, disguises and innocent look-alikes,
  through the database's own check. The rules were made with these lines in view.
- **Speed.** Seconds of one core, since a clock on a shared machine also counts the neighbours; the
  clock's are beside them. The first run, which loads the engine, is not counted.

## The language model

`make eval MODEL=1` asks the configured model, with the worker's prompt and settings, for the labels
of at most 200 texts of each set (`TEXTS=n`). It prints the cost before and after, and refuses above
2 $ or without `OPENAI_API_KEY`. The table above is the built-in engine's; no model's figures are in
it. The thresholds are the same. Beside each stands what a constant and shuffled labels reach.

Planted instructions are mixed into one set. The net score may move by 0.05. A comment that the
model obeys can mislabel itself. Forty comments share a request, so the model might obey it for all.
Each request has two control texts of known sentiment: if a label of one is wrong, the request's
labels are not used.

## What it does not show

- The videos seen twice were already popular, and are Vietnamese; the creators of 2020 are large
  accounts; TikTok has changed since.
- The labels of the YouTube comments are of unknown origin. The engine often misreads irony and
  politics. Fifteen languages are read. Hindi is measured and not read: its totals say nothing.
- Most intervals are wide. On mixed comments they seldom say whether good or bad prevails. Where
  nearly all comments of another language agree, one in ten to one in three misses.
- TikTok's public data has no watch time. Retention is that of another platform's videos. Among
  posts with a caption alone, the interval of its correlation includes zero. Kinds of hooks do not
  differ measurably from each other.
- Types of hooks are guesses from captions; no set with true types was at hand. The patterns were
  written with the captions of the retention set in view.
- How views follow from followers was fitted on large accounts of 2020. Accounts under 5,000
  followers count as such of 5,000. In a niche of today the level may differ.
- Saves per like go with growth weakly among popular videos. They predict nothing about one post.
- Hashtags, sounds and hours of other creators are no advice. Their effects vanish on creators that
  were held out. Hours were told to 3.1 % of creators, and to 2.3 % after their posts were shuffled.
  A creator's own hashtags are another matter: see the patterns.
- Some choices were made with these sets in view: the patterns that drop instructions, saves per
  like among six ratios, and those that `workers/insights/sentiment/totals.py` names. Only data that
  nobody here has seen can say what that is worth.
- Patterns are no causes. A creator who posts more of a kind may see it wear off.
- The usual shares of what viewers say come from comments on YouTube, and from English alone.
- Words that comments name are found in English, Spanish, Portuguese, French, German, Italian and
  Dutch. They were read by hand in English almost alone. A word says what comments are about, not
  what they say of it.
- A language model's labels were not measured here; their intervals assume one error in ten.
- Whether a pack sells more has not been measured. That needs creators who use it.
"""


def print_lines(thresholds: Mapping[str, Threshold], findings: Sequence[Finding]) -> Iterator[str]:
    area = ""
    for finding in findings:
        threshold = thresholds[finding.threshold]
        if threshold.area != area:
            area = threshold.area
            yield f"\n{area.upper()}"
        verdict = _verdict(finding, threshold)
        yield f"  {verdict:<8} {_value(finding):>9}  {threshold.asked:<13} {threshold.what}"
        notes = "; ".join(part for part in (_size(finding), finding.beside) if part)
        if notes:
            yield f"  {'':<34}{notes}"


def markdown(thresholds: Mapping[str, Threshold], findings: Sequence[Finding]) -> str:
    rows = ["| area | what | reached | asked | beside |", "| --- | --- | --- | --- | --- |"]
    for finding in findings:
        threshold = thresholds[finding.threshold]
        is_known = threshold.missed is not None and is_missed(finding, threshold)
        asked = f"{threshold.asked} (missed)" if is_known else threshold.asked
        cells = (threshold.area, threshold.what, _value(finding), asked)
        beside = "; ".join(part for part in (_size(finding), finding.beside) if part)
        rows.append(f"| {' | '.join(cells)} | {beside} |")
    return METHOD.format(table="\n".join(rows))


def _verdict(finding: Finding, threshold: Threshold) -> str:
    if finding.value is None:
        return "skipped"
    if falls_short(finding, threshold):
        return "SHORT"
    if is_missed(finding, threshold):
        return "missed"
    return "ok" if threshold.asked != "reported" else "-"


def _value(finding: Finding) -> str:
    return "-" if finding.value is None else f"{finding.value:.3f}".rstrip("0").rstrip(".")


def _size(finding: Finding) -> str:
    return finding.skipped or (f"n = {finding.n:,}" if finding.n else "")
