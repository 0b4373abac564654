-- Reading a script the way people do: “m1racle”, “ｍｉｒａｃｌｅ”, “m i r a c l e” and one with invisible
-- characters inside all say the same. Where each letter stands in the script is remembered.

create type private.folded_text as (
    content text,
    plain text,
    bare text,
    squeezed text [],
    has_spaces boolean,
    folded_at integer [],
    source_at integer [],
    astral_at integer [],
    is_spelt boolean,
    words integer,
    grade numeric
);
comment on type private.folded_text is
'A script as written (content) and made comparable. plain: NFKC without invisible characters. bare:
also without accents and look-alike letters, as long as plain. squeezed: see private.squeeze.
has_spaces: false if any of it is Chinese, Japanese, Thai or the like. Piece i begins at folded_at[i]
of plain and source_at[i] of content, and a last entry stands behind the ends; both are null where
nothing moved. astral_at: the places in content of characters that are two code units in UTF-16, as
most emoji are; null if there are none. is_spelt: somewhere two letters stand alone, one after the
other, as in “a m i r”. words and grade: what private.measure found.';

create function private.squeeze(value text)
returns text
language plpgsql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_character text;
    v_text text := lower(value);
begin
    -- Digits that stand for letters, and l for i: they look the same.
    if char_length(v_text) <= 200 then
        v_text := translate(v_text, '0123456789l', 'oizeasgtbgi');
    else
        -- Many cheap replacements beat one pattern with a thousand matches or a back reference, and
        -- also translate, which compares each character with its whole list.
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
comment on function private.squeeze is
'What survives every disguise that private.find_term reads through: no separators, repeats or
digits for letters. Where a squeezed text lacks a squeezed term, the term isn''t there, and no
pattern need be run. Keeps the separator that private.find_terms puts between the terms of a list.';

create function private.read_symbols(value text)
returns text
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    -- “!”, “|” and “+” end words more often than they stand for letters.
    select translate(
        regexp_replace(value, '[!|+]+(?![[:alnum:]@$€£])', '', 'g'), '!|+@$€£', 'iitasel'
    )
$$;
comment on function private.read_symbols is
'A text with symbols that stand for letters as those letters.';

create function private.look_alikes(out signs text, out letters text)
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    select
        -- Ours first: small letters of Cyrillic and Greek as people use them, small capitals,
        -- squares and circles, letters with strokes and hooks.
            'аеорсухіјѕԁһкмтвнгԛԝАЕОРСУХІЈЅКМТВНαεορικντυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧᴀ'
            || 'ʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢøØłŁđĐıſ🅰🅱🅲🅳🅴🅵🅶🅷🅸🅹🅺🅻🅼🅽🅾🅿🆀🆁🆂🆃🆄🆅🆆🆇🆈🆉🅐🅑🅒'
            || '🅓🅔🅕🅖🅗🅘🅙🅚🅛🅜🅝🅞🅟🅠🅡🅢🅣🅤🅥🅦🅧🅨🅩ɱɾƈɳƚɠʂƭƙɦɓɗƒƴȥɇɆɨƗʉɄħĦŧŦƀɃɍɌɉɈɏɎɖʈɭɽ'
            || 'ɲŋᗩᑕᑎᔕ᙭ӿⲁⲀⲃⲉⲈᗷꞯꞒꞓςⲓ'
            -- Generated from Unicode's confusables.txt (UTS #39), as PyPI confusable-homoglyphs
            -- 3.3.1 ships it: single letters and digits of Latin, Greek, Cyrillic, Armenian,
            -- Cherokee, Coptic, Lisu and Canadian syllables that look like one of ASCII.
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
comment on function private.look_alikes is
'Letters and digits that look like ASCII''s, and at the same places those that they look like. What
may be an l, an i or a 1 is 1, which private.letter_classes reads as each of them.';

create function private.without_accents(value text)
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
    -- Letters of other scripts that look Latin: few of the table's stand in any one text, and
    -- translate compares each character with its whole list.
    if octet_length(v_text) > char_length(v_text) then
        select coalesce(translate(v_text, a.signs, a.letters), v_text)
        into v_text
        from (
            select
                string_agg(d.sign, '' order by d.sign) as signs,
                string_agg(substr(l.letters, d.place, 1), '' order by d.sign) as letters
            from private.look_alikes() as l
            cross join lateral (
                select distinct m.match[1] as sign, position(m.match[1] in l.signs) as place
                from regexp_matches(v_text, '[^\u0001-\u007f]', 'g') as m (match)
            ) as d
            where d.place > 0
        ) as a;
    end if;
    return v_text;
end;
$$;
comment on function private.without_accents is
'A text with “á” and what private.look_alikes has, such as the Cyrillic “а”, as “a”.';

create function private.fold_piece(source text, out plain text, out bare text)
language plpgsql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    -- ASCII folds to itself; most pieces and terms are.
    plain := source;
    bare := source;
    if octet_length(source) = char_length(source) then
        return;
    end if;
    -- Read as it is shown: from right to left until the override ends.
    if source like U&'\202e%' then
        source := reverse(source);
    end if;
    plain := regexp_replace(
        normalize(source, nfkc),
        '[\u00ad\u034f\u061c\u115f\u1160\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f'
        || '\ufe00-\ufe0f\ufeff\U000e0000-\U000e0fff]',
        '', 'g'
    );
    bare := private.without_accents(plain);
    -- Where a mark can't be composed, plain loses it too, so that one map of places serves both.
    if char_length(plain) <> char_length(bare) then
        plain := bare;
    end if;
end;
$$;
comment on function private.fold_piece is
'Folds a piece of a script; both results have the same length.';

create function private.fold_pieces(content text)
returns table (plain text, bare text, folded_at integer[], source_at integer[])
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    -- A run that is overridden to be read from right to left, a run that keeps its length, or one
    -- character with its combining marks.
    with pieces as (
        select m.piece[1] as source, m.position
        from regexp_matches(
            content,
            '\u202e[^\u202c\u2069\n]*[\u202c\u2069]?|' || case
                when content ~ '[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]'
                    then '.[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]*'
                else '[\u0001-\u007f\u00c0-\u0131\u0134-\u013e\u0141-\u0148\u014a-\u017e'
                    || '\u0400-\u04ff\u1ea0-\u1ef9\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff\uac00-\ud7a3]+|.'
            end,
            'g'
        ) with ordinality as m (piece, position)
    ),

    -- Scripts repeat their few emoji and quotes; folding is the expensive part.
    folded as (
        select d.source, f.plain, f.bare
        from (select distinct p.source from pieces as p) as d
        cross join lateral private.fold_piece(d.source) as f
    ),

    placed as (
        select
            p.position,
            f.plain,
            f.bare,
            sum(char_length(f.plain)) over w - char_length(f.plain) + 1 as folded_at,
            sum(char_length(p.source)) over w - char_length(p.source) + 1 as source_at
        from pieces as p inner join folded as f on p.source = f.source
        window w as (order by p.position)
    )

    select
        string_agg(p.plain, '' order by p.position),
        string_agg(p.bare, '' order by p.position),
        array_agg(p.folded_at::integer order by p.position)
        || (sum(char_length(p.plain)) + 1)::integer,
        array_agg(p.source_at::integer order by p.position) || char_length(content) + 1
    from placed as p
$$;
comment on function private.fold_pieces is
'Folds a script that is not plain ASCII, and says where each piece came from.';

create function private.astral_places(content text)
returns integer[]
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    -- Each part but the last ends where such a character stands.
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
comment on function private.astral_places is
'Where characters stand, from 1, that are two code units in UTF-16; null if there are none.';

create function private.fold(content text, definitions text default '')
returns private.folded_text
language plpgsql immutable security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_folded private.folded_text;
begin
    v_folded.content := content;
    v_folded.plain := content;
    v_folded.bare := content;
    v_folded.has_spaces := true;
    if octet_length(content) <> char_length(content) then
        v_folded.has_spaces := content !~ '[\u0e00-\u0fff\u1780-\u17ff\u3040-\u9fff]';
        select p.plain, p.bare, p.folded_at, p.source_at
        into v_folded.plain, v_folded.bare, v_folded.folded_at, v_folded.source_at
        from private.fold_pieces(content) as p;
        v_folded.astral_at := private.astral_places(content);
    end if;
    -- A word ends at “_” too, which \m takes for a letter.
    v_folded.bare := translate(v_folded.bare, E'_\u001f', '  ');
    v_folded.squeezed := array[private.squeeze(v_folded.bare)];
    v_folded.is_spelt := v_folded.bare
        ~ '[^[:alnum:]][[:alnum:]@€!|£$+][^[:alnum:]]{1,3}[[:alnum:]@€!|£$+][^[:alnum:]]';
    if v_folded.bare ~ '[!|+@$€£]' then
        v_folded.squeezed := v_folded.squeezed
            || private.squeeze(private.read_symbols(v_folded.bare));
    end if;
    return private.measure(v_folded, definitions);
end;
$$;
comment on function private.fold is
'Makes a script comparable, once for all rules, whose definitions may come along. Definer, so that
its helpers need no grants; it reads no table.';
grant execute on function private.fold to authenticated;
grant execute on function private.fold to service_role;

create function private.places(hits int4range[])
returns int4multirange
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    select coalesce(range_agg(int4range(lower(h) - 1, upper(h) - 1)), '{}') from unnest(hits) as h
$$;
comment on function private.places is 'Ranges counted from 1 as ranges counted from 0.';

create function private.source_places(script private.folded_text, hits int4range[])
returns int4multirange
language plpgsql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    f constant integer[] := script.folded_at;
    s constant integer[] := script.source_at;
begin
    if hits = '{}' or f is null then
        return private.places(hits);
    end if;
    -- Within a piece that kept its length places move together; else the whole piece is meant.
    return (
        select range_agg(int4range(
            s[p.a] - 1 + case when f[p.a + 1] - f[p.a] = s[p.a + 1] - s[p.a]
                then lower(h) - f[p.a] else 0 end,
            case when f[p.z + 1] - f[p.z] = s[p.z + 1] - s[p.z]
                then s[p.z] + upper(h) - f[p.z] else s[p.z + 1] end - 1
        ))
        from unnest(hits) as h
        cross join lateral (
            select width_bucket(lower(h), f) as a, width_bucket(upper(h) - 1, f) as z
        ) as p
    );
end;
$$;
comment on function private.source_places is
'Where ranges of a folded text, counted from 1, stand in the script, counted from 0.';
