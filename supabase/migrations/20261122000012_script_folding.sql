-- Reading a script the way people do: “m1racle”, “ｍｉｒａｃｌｅ”, “m i r a c l e” and one with invisible
-- characters inside all say the same. Where each letter stands in the script is remembered.

create type private.folded_text as (
    content text,
    plain text,
    bare text,
    squeezed text [],
    has_spaces boolean,
    folded_at integer [],
    source_at integer []
);
comment on type private.folded_text is
'A script as written (content) and made comparable. plain: NFKC without invisible characters. bare:
also without accents and look-alike letters, as long as plain. squeezed: see private.squeeze.
has_spaces: false if any of it is Chinese, Japanese, Thai or the like. Piece i begins at folded_at[i]
of plain and source_at[i] of content; both are null where nothing moved.';

create function private.squeeze(value text)
returns text
language plpgsql
immutable
security invoker
set search_path = ''
as $$
declare
    v_character text;
    -- Digits that stand for letters, and l for i: they look the same.
    v_text text := translate(lower(value), '0123456789l', 'oizeasgtbgi');
begin
    -- Many cheap replacements beat one pattern with a thousand matches, or with a back reference.
    if char_length(v_text) > 200 then
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
'What survives every disguise of a text: no separators, repeats or digits for letters. Where a
squeezed text lacks a squeezed term, the term isn''t there, and no pattern need be run. Keeps the
separator that private.find_terms puts between the terms of a list.';

create function private.read_symbols(value text)
returns text
language sql
immutable
security invoker
set search_path = ''
as $$
    -- “!”, “|” and “+” end words more often than they stand for letters.
    select translate(
        regexp_replace(value, '[!|+]+(?![[:alnum:]])', '', 'g'), '!|+@$€£', 'iitasel'
    )
$$;
comment on function private.read_symbols is
'A text with symbols that stand for letters as those letters.';

create function private.without_accents(value text)
returns text
language sql
immutable
security invoker
set search_path = ''
as $$
    select case
        when octet_length(value) = char_length(value) then value
        -- Letters of other scripts that look Latin.
        else translate(
            normalize(
                regexp_replace(
                    normalize(value, nfd),
                    '[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]', '', 'g'
                ),
                nfc
            ),
            'аеорсухіјѕԁһкмтвнгԛԝАЕОРСУХІЈЅКМТВНαεορικντυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ'
            || 'ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢøØłŁđĐıſ'
            || '🅰🅱🅲🅳🅴🅵🅶🅷🅸🅹🅺🅻🅼🅽🅾🅿🆀🆁🆂🆃🆄🆅🆆🆇🆈🆉🅐🅑🅒🅓🅔🅕🅖🅗🅘🅙🅚🅛🅜🅝🅞🅟🅠🅡🅢🅣🅤🅥🅦🅧🅨🅩',
            'aeopcyxijsdhkmtbhrqwAEOPCYXIJSKMTBHaeopikvtuxABEZHIKMNOPTYX'
            || 'abcdefghijklmnoprstuvwyzoOlLdDis'
            || 'ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZ'
        )
    end
$$;
comment on function private.without_accents is 'A text with “á” and the Cyrillic “а” as “a”.';

create function private.fold_piece(source text, out plain text, out bare text)
language plpgsql
immutable
security invoker
set search_path = ''
as $$
begin
    -- ASCII folds to itself; most pieces and terms are.
    plain := source;
    bare := source;
    if octet_length(source) = char_length(source) then
        return;
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
language sql
immutable
security invoker
set search_path = ''
as $$
    -- A run that keeps its length, or one character with its combining marks.
    with pieces as (
        select m.piece[1] as source, m.position
        from regexp_matches(
            content,
            case
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
        array_agg(p.folded_at::integer order by p.position),
        array_agg(p.source_at::integer order by p.position)
    from placed as p
$$;
comment on function private.fold_pieces is
'Folds a script that is not plain ASCII, and says where each piece came from.';

create function private.fold(content text)
returns private.folded_text
language plpgsql
immutable
security definer
set search_path = ''
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
    end if;
    -- A word ends at “_” too, which \m takes for a letter.
    v_folded.bare := translate(v_folded.bare, E'_\u001f', '  ');
    v_folded.squeezed := array[private.squeeze(v_folded.bare)];
    if v_folded.bare ~ '[!|+@$€£]' then
        v_folded.squeezed := v_folded.squeezed
            || private.squeeze(private.read_symbols(v_folded.bare));
    end if;
    return v_folded;
end;
$$;
comment on function private.fold is
'Makes a script comparable, once for all rules. Definer, so that its helpers need no grants; it
reads no table.';
grant execute on function private.fold to authenticated;
grant execute on function private.fold to service_role;

create function private.source_character(script private.folded_text, at integer)
returns int4range
language plpgsql
immutable
security invoker
set search_path = ''
as $$
declare
    v_piece integer := width_bucket(at, script.folded_at);
    v_source_at integer := script.source_at[v_piece];
    v_folded_at integer := script.folded_at[v_piece];
    v_source_end integer := coalesce(
        script.source_at[v_piece + 1], char_length(script.content) + 1
    );
    v_folded_end integer := coalesce(
        script.folded_at[v_piece + 1], char_length(script.plain) + 1
    );
begin
    -- Within a piece that kept its length places move together; else the whole piece is meant.
    if v_source_end - v_source_at = v_folded_end - v_folded_at then
        v_source_at := v_source_at + at - v_folded_at;
        v_source_end := v_source_at + 1;
    end if;
    return int4range(v_source_at - 1, v_source_end - 1);
end;
$$;
comment on function private.source_character is
'Where character `at` (from 1) of a folded text stands in the script (from 0).';

create function private.source_range(script private.folded_text, from_at integer, to_at integer)
returns int4range
language plpgsql
immutable
security invoker
set search_path = ''
as $$
begin
    if script.folded_at is null then
        return int4range(from_at - 1, to_at - 1);
    end if;
    return range_merge(
        private.source_character(script, from_at), private.source_character(script, to_at - 1)
    );
end;
$$;
comment on function private.source_range is
'Where the characters of a folded text from from_at to before to_at stand in the script.';
