-- Written by `python -m local.tools.pack_headings` from workers/insights/resources/pack/*.toml.
-- A test compares both.

create function private.pack_labels(locale text)
returns jsonb
language sql immutable security invoker set search_path = pg_catalog, pg_temp
as $$
    select
        case pack_labels.locale
            when 'es' then jsonb_build_object(
                'stands_out', 'Cuánto destaca',
                'changed', 'Qué cambió',
                'findings', 'Lo que más importa y qué grabar',
                'next_steps', 'Siguientes pasos',
                'facts', 'Lo que dice la página',
                'hooks', 'Más ganchos',
                'angles', 'Enfoques',
                'script', 'Guion',
                'seconds', 'Segundos',
                'spoken', 'Decir o hacer',
                'shown', 'En pantalla',
                'comparables', 'Publicaciones que destacaron',
                'tags', 'Hashtags (publicaciones del nicho)',
                'risks', 'Riesgos',
                'dos', 'Hacer',
                'donts', 'Evitar',
                'evidence', 'En qué se basa',
                'caveats', 'Reservas',
                'compared', 'Qué cambia',
                'opening_shot', 'Primera imagen',
                'newest_stands_out', 'Cuánto destaca la última publicación'
            )
            when 'pt' then jsonb_build_object(
                'stands_out', 'Quanto se destaca',
                'changed', 'O que mudou',
                'findings', 'O que mais importa e o que gravar',
                'next_steps', 'Próximos passos',
                'facts', 'O que a página diz',
                'hooks', 'Mais ganchos',
                'angles', 'Abordagens',
                'script', 'Roteiro',
                'seconds', 'Segundos',
                'spoken', 'Dizer ou fazer',
                'shown', 'Na tela',
                'comparables', 'Publicações que se destacaram',
                'tags', 'Hashtags (posts do nicho)',
                'risks', 'Riscos',
                'dos', 'Fazer',
                'donts', 'Evitar',
                'evidence', 'Em que se baseia',
                'caveats', 'Ressalvas',
                'compared', 'O que muda',
                'opening_shot', 'Primeira imagem',
                'newest_stands_out', 'Quanto o post mais novo se destaca'
            )
            when 'fr' then jsonb_build_object(
                'stands_out', 'À quel point il se démarque',
                'changed', 'Ce qui a changé',
                'findings', 'Ce qui compte le plus, et quoi filmer',
                'next_steps', 'Prochaines étapes',
                'facts', 'Ce que dit la page',
                'hooks', 'Autres accroches',
                'angles', 'Angles',
                'script', 'Script',
                'seconds', 'Secondes',
                'spoken', 'Dire ou faire',
                'shown', 'À l''écran',
                'comparables', 'Publications qui se démarquent',
                'tags', 'Hashtags (publications de la niche)',
                'risks', 'Risques',
                'dos', 'À faire',
                'donts', 'À éviter',
                'evidence', 'Sur quoi cela repose',
                'caveats', 'Réserves',
                'compared', 'Ce qui change',
                'opening_shot', 'Première image',
                'newest_stands_out', 'À quel point la dernière publication sort du lot'
            )
            when 'de' then jsonb_build_object(
                'stands_out', 'Wie sehr es heraussticht',
                'changed', 'Was sich geändert hat',
                'findings', 'Was am meisten zählt und was du drehst',
                'next_steps', 'Nächste Schritte',
                'facts', 'Was die Seite angibt',
                'hooks', 'Weitere Hooks',
                'angles', 'Blickwinkel',
                'script', 'Skript',
                'seconds', 'Sekunden',
                'spoken', 'Sagen oder tun',
                'shown', 'Im Bild',
                'comparables', 'Posts, die herausstachen',
                'tags', 'Hashtags (Posts der Nische)',
                'risks', 'Risiken',
                'dos', 'Tun',
                'donts', 'Lassen',
                'evidence', 'Worauf das beruht',
                'caveats', 'Vorbehalte',
                'compared', 'Was anders ist',
                'opening_shot', 'Erstes Bild',
                'newest_stands_out', 'Wie stark der neueste Post heraussticht'
            )
            else jsonb_build_object(
                'stands_out', 'How far it stands out',
                'changed', 'What changed',
                'findings', 'What matters most, and what to film',
                'next_steps', 'Next',
                'facts', 'What the page states',
                'hooks', 'More openings',
                'angles', 'Angles',
                'script', 'Script',
                'seconds', 'Seconds',
                'spoken', 'Say or do',
                'shown', 'On screen',
                'comparables', 'Posts that stood out',
                'tags', 'Hashtags (posts of the niche)',
                'risks', 'Risks',
                'dos', 'Do',
                'donts', 'Don''t',
                'evidence', 'What this rests on',
                'caveats', 'Caveats',
                'compared', 'What differs',
                'opening_shot', 'First picture',
                'newest_stands_out', 'How far the newest post stands out'
            )
        end
$$;
comment on function private.pack_labels is
'The headings of a pack in a language; English for an unknown one.';
