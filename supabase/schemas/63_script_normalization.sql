-- Normalizing a script: “m1racle”, “ｍｉｒａｃｌｅ” and “m i r a c l e” become comparable with “miracle”.
-- Positions of the normalized text map back to the script.

create type private.normalized_text as (
    content text,
    normalized text,
    skeleton text,
    search_keys text [],
    has_spaces boolean,
    normalized_at integer [],
    source_at integer [],
    supplementary_at integer [],
    has_spaced_letters boolean,
    words integer,
    grade numeric
);
comment on type private.normalized_text is
'A script and its normal forms.

content: as written. normalized: NFKC without invisible characters. skeleton (UTS #39): also
without accents and with Latin letters for look-alikes; as long as normalized. search_keys: see
private.search_key; a second one reads symbols as letters, if there are symbols. has_spaces: false
if any of it is Chinese, Japanese, Thai or the like. normalized_at and source_at: where piece i
begins in normalized and in content, from 1. Their last entries stand behind the ends. Both are
null where nothing moved. supplementary_at: positions in content of characters with two UTF-16
code units, such as most emoji; null without any. has_spaced_letters: two single letters follow
each other, as in “a m i r”. words (for max_length) and grade (for reading_level): null where no
rule needs them.';

create function private.search_key(value text)
returns text
language plpgsql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_character text;
    v_text text := lower(value);
begin
    -- Replaces digits by the letters that they stand for, and l by i.
    if char_length(v_text) <= 200 then
        v_text := translate(v_text, '0123456789l', 'oizeasgtbgi');
    else
        -- Many replacements are faster than one pattern with a thousand matches. They are faster
        -- than translate, which compares each character with its whole list.
        foreach v_character in array '{0o,1i,2z,3e,4a,5s,6g,7t,8b,9g,li}'::text[] loop
            v_text := replace(v_text, left(v_character, 1), right(v_character, 1));
        end loop;
        foreach v_character in array string_to_array(E' \n.,:!?''"()#-*/', null) loop
            v_text := replace(v_text, v_character, '');
        end loop;
    end if;
    if v_text ~ '[^a-z\u001f]' then
        v_text := regexp_replace(v_text, '[^[:alnum:]\u001f]+', '', 'g');
    end if;
    if v_text ~ 'aa|bb|cc|dd|ee|ff|gg|hh|ii|jj|kk|ll|mm|nn|oo|pp|qq|rr|ss|tt|uu|vv|ww|xx|yy|zz' then
        foreach v_character in array string_to_array('abcdefghijklmnopqrstuvwxyz', null) loop
            while position(v_character || v_character in v_text) > 0 loop
                v_text := replace(v_text, v_character || v_character, v_character);
            end loop;
        end loop;
    end if;
    return v_text;
end;
$$;
comment on function private.search_key is
'The coarsest form of a text: no separators, no repeats, no digits for letters. Each disguise that
private.term_matches reads through leaves it the same. So a term can match only where its search key
is part of the script''s. Keeps U+001F, which separates the terms of private.search_keys.';

create function private.confusables(out sources text, out prototypes text)
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    select
        -- Chosen by hand: common look-alikes of Cyrillic and Greek, small capitals, squares and
        -- circles, letters with strokes and hooks.
            'аеорсухіјѕԁһкмтвнгԛԝАЕОРСУХІЈЅКМТВНαεορικντυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧᴀ'
            || 'ʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢøØłŁđĐıſ🅰🅱🅲🅳🅴🅵🅶🅷🅸🅹🅺🅻🅼🅽🅾🅿🆀🆁🆂🆃🆄🆅🆆🆇🆈🆉🅐🅑🅒'
            || '🅓🅔🅕🅖🅗🅘🅙🅚🅛🅜🅝🅞🅟🅠🅡🅢🅣🅤🅥🅦🅧🅨🅩ɱɾƈɳƚɠʂƭƙɦɓɗƒƴȥɇɆɨƗʉɄħĦŧŦƀɃɍɌɉɈɏɎɖʈɭɽ'
            || 'ɲŋᗩᑕᑎᔕ᙭ӿⲁⲀⲃⲉⲈᗷꞯꞒꞓςⲓ'
            -- From Unicode's confusables.txt (UTS #39), in PyPI confusable-homoglyphs 3.3.1: single
            -- letters and digits that look like ASCII ones. Scripts: Latin, Greek, Cyrillic,
            -- Armenian, Cherokee, Coptic, Lisu, Canadian syllables.
            || 'ꝚƧϨꙄᒿꞫȜƷꝪⳌЗӠᏎƼⳒбᏮȣȢꝮⳊɑᎪᗅꓮƄЬᏏᑲᖯꞴᏴꓐϲⲥꮯϹⲤᏟꓚᏧᑯꓒᎠᗞᗪꓓꬲҽᎬꓰꬵꞙẝքꞘϜᖴꓝɡ'
            || 'ᶃƍցԌᏀᏳꓖհᏂⲎᎻᕼꓧɩιꙇӏꭵᎥϳꞲͿᎫᒍꓙⲔᏦꓗƖǀⲒӀꓲⳐᏞᒪꓡϺⲘᎷᗰꓟոռⲚꓠᴑꬽσⲟօⲞՕꓳϱⲣⲢᏢᑭꓑ'
            || 'գզꭇꭈᴦⲅꮁƦᎡᏒᖇꓣƽꮪՏᏕᏚꓢⲦᎢꓔꞟꭎꭒʋսՍᑌꓴѵꮩѴᏙᐯꓦɯѡաꮃԜᎳᏔꓪᕁᕽꞳⲬꓫɣᶌỿꭚγүϒⲨҮᎩᎽꓬ'
            || 'ꮓ𐋵Ꮓꓜ',
            'aeopcyxijsdhkmtbhrqwaeopcyxijskmtbhaeopikvtuxabezhikmnoptyxa'
            || 'bcdefghijklmnoprstuvwyzoollddisabcdefghijklmnopqrstuvwxyzabc'
            || 'defghijklmnopqrstuvwxyzmrcnlgstkhbdfyzeeiiuuhhttbbrrjjyydtlr'
            || 'nnacnsxxaabeebqccc1'
            || '222223333333456668899aaaabbbbbbbbcccccccdddddddeeeeffffffffg'
            || 'ggggggghhhhhhiiiiiijjjjjjkkk111111111mmmmmnnnnoooooooopppppp'
            || 'qqrrrrrrrrrrsssssstttuuuuuuuuvvvvvvwwwwwwwwxxxxxyyyyyyyyyyyy'
            || 'zzzz'
$$;
comment on function private.confusables is
'Characters that look like ASCII letters or digits (sources), and at the same positions those
letters (prototypes). The prototype of what may be l, i or 1 is 1: private.letter_classes reads 1
as each.';

create function private.skeleton(value text)
returns text
language plpgsql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_text text := normalize(
        regexp_replace(
            normalize(value, nfd),
            '[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]', '', 'g'
        ),
        nfc
    );
begin
    -- Translates only the confusables of this text: translate compares each character with its
    -- whole list.
    if octet_length(v_text) > char_length(v_text) then
        select coalesce(translate(v_text, a.sources, a.prototypes), v_text)
        into v_text
        from (
            select
                string_agg(d.source, '' order by d.source) as sources,
                string_agg(substr(l.prototypes, d.position, 1), '' order by d.source) as prototypes
            from private.confusables() as l
            cross join lateral (
                select distinct
                    m.match[1] as source, position(m.match[1] in l.sources) as position
                from regexp_matches(v_text, '[^\u0001-\u007f]', 'g') as m (match)
            ) as d
            where d.position > 0
        ) as a;
    end if;
    return v_text;
end;
$$;
comment on function private.skeleton is
'The skeleton of a text (UTS #39): “á” and the Cyrillic “а” both become “a”.';

create function private.normalize_piece(source text, out normalized text, out skeleton text)
language plpgsql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    -- ASCII, as most pieces and terms are, is its own normal form.
    normalized := source;
    skeleton := source;
    if octet_length(source) = char_length(source) then
        return;
    end if;
    -- People see this run from right to left.
    if source like U&'\202e%' then
        source := reverse(source);
    end if;
    normalized := regexp_replace(
        normalize(source, nfkc),
        '[\u00ad\u034f\u061c\u115f\u1160\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f'
        || '\ufe00-\ufe0f\ufeff\U000e0000-\U000e0fff]',
        '', 'g'
    );
    skeleton := private.skeleton(normalized);
    -- Both results need one length: a mark that NFC can't compose goes from both.
    if char_length(normalized) <> char_length(skeleton) then
        normalized := skeleton;
    end if;
end;
$$;
comment on function private.normalize_piece is
'Normalizes a piece of a script; both results have the same length.';

create function private.normalize_pieces(content text)
returns table (normalized text, skeleton text, normalized_at integer[], source_at integer[])
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    -- A piece is a right-to-left override, a run that keeps its length, or one character with its
    -- combining marks.
    with pieces as (
        select m.piece[1] as source, m.position
        from regexp_matches(
            content,
            '\u202e[^\u202c\u2069\n\u001f]*[\u202c\u2069]?|' || case
                when content ~ '[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]'
                    then '.[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]*'
                else '[\u0001-\u007f\u00c0-\u0131\u0134-\u013e\u0141-\u0148\u014a-\u017e'
                    || '\u0400-\u04ff\u1ea0-\u1ef9\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff\uac00-\ud7a3]+|.'
            end,
            'g'
        ) with ordinality as m (piece, position)
    ),

    -- Normalizing is the expensive part, and scripts repeat their few emoji and quotes.
    distinct_pieces as (
        select d.source, f.normalized, f.skeleton
        from (select distinct p.source from pieces as p) as d
        cross join lateral private.normalize_piece(d.source) as f
    ),

    positioned as (
        select
            p.position,
            f.normalized,
            f.skeleton,
            sum(char_length(f.normalized)) over w - char_length(f.normalized) + 1 as normalized_at,
            sum(char_length(p.source)) over w - char_length(p.source) + 1 as source_at
        from pieces as p inner join distinct_pieces as f on p.source = f.source
        window w as (order by p.position)
    )

    select
        string_agg(p.normalized, '' order by p.position),
        string_agg(p.skeleton, '' order by p.position),
        array_agg(p.normalized_at::integer order by p.position)
        || (sum(char_length(p.normalized)) + 1)::integer,
        array_agg(p.source_at::integer order by p.position) || char_length(content) + 1
    from positioned as p
$$;
comment on function private.normalize_pieces is
'Normalizes a script that is not plain ASCII, and maps the pieces of the result to the script.';

create function private.supplementary_positions(content text)
returns integer[]
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    -- A supplementary character follows each part but the last.
    select array_agg(p.ends_at::integer order by p.position) filter (where p.is_followed)
    from (
        select
            s.position,
            sum(char_length(s.part) + 1) over (order by s.position) as ends_at,
            lead(s.position) over (order by s.position) is not null as is_followed
        from regexp_split_to_table(content, '[\U00010000-\U0010ffff]')
            with ordinality as s (part, position)
    ) as p
$$;
comment on function private.supplementary_positions is
'Positions, from 1, of the characters that have two code units in UTF-16; null without any.';

create function private.normalize_script(content text, definitions text default '')
returns private.normalized_text
language plpgsql immutable security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_script private.normalized_text;
begin
    v_script.content := content;
    v_script.normalized := content;
    v_script.skeleton := content;
    v_script.has_spaces := true;
    if octet_length(content) <> char_length(content) then
        v_script.has_spaces := content !~ '[\u0e00-\u0fff\u1780-\u17ff\u3040-\u9fff]';
        select p.normalized, p.skeleton, p.normalized_at, p.source_at
        into v_script.normalized, v_script.skeleton, v_script.normalized_at, v_script.source_at
        from private.normalize_pieces(content) as p;
        v_script.supplementary_at := private.supplementary_positions(content);
    end if;
    -- “_” separates words here; \m takes it for a letter.
    v_script.skeleton := translate(v_script.skeleton, E'_\u001f', '  ');
    v_script.search_keys := array[private.search_key(v_script.skeleton)];
    v_script.has_spaced_letters := v_script.skeleton
        ~ '[^[:alnum:]][[:alnum:]@€!|£$+][^[:alnum:]]{1,3}[[:alnum:]@€!|£$+][^[:alnum:]]';
    if v_script.skeleton ~ '[!|+@$€£]' then
        -- “!”, “|” and “+” at the end of a word stand for no letter.
        v_script.search_keys := v_script.search_keys || private.search_key(translate(
            regexp_replace(v_script.skeleton, '[!|+]+(?![[:alnum:]@$€£])', '', 'g'),
            '!|+@$€£', 'iitasel'
        ));
    end if;
    if definitions like '%"max_length"%' then
        v_script.words := private.count_words(content);
    end if;
    if definitions like '%"reading_level"%' then
        v_script.grade := private.reading_grade(v_script.skeleton);
    end if;
    return v_script;
end;
$$;
comment on function private.normalize_script is
'Normalizes a script once for all rules. `definitions`, the text of the rules, says what else to
measure. Definer, so that its helpers need no grants; it reads no table.';
grant execute on function private.normalize_script to authenticated, service_role;

create function private.zero_based(ranges int4range[])
returns int4multirange
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    select coalesce(range_agg(int4range(lower(r) - 1, upper(r) - 1)), '{}') from unnest(ranges) as r
$$;
comment on function private.zero_based is 'Ranges counted from 1 as ranges counted from 0.';

create function private.source_ranges(script private.normalized_text, ranges int4range[])
returns int4multirange
language plpgsql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    n constant integer[] := script.normalized_at;
    s constant integer[] := script.source_at;
begin
    if ranges = '{}' or n is null then
        return private.zero_based(ranges);
    end if;
    -- A position within a piece that kept its length is exact. Else the range has the whole piece.
    return (
        select range_agg(int4range(
            s[p.a] - 1 + case when n[p.a + 1] - n[p.a] = s[p.a + 1] - s[p.a]
                then lower(r) - n[p.a] else 0 end,
            case when n[p.z + 1] - n[p.z] = s[p.z + 1] - s[p.z]
                then s[p.z] + upper(r) - n[p.z] else s[p.z + 1] end - 1
        ))
        from unnest(ranges) as r
        cross join lateral (
            select width_bucket(lower(r), n) as a, width_bucket(upper(r) - 1, n) as z
        ) as p
    );
end;
$$;
comment on function private.source_ranges is
'The ranges of the script, from 0, that these ranges of its normal forms, from 1, come from.';
