"""Committed files that are made from the schemas hold what they are named after."""

from __future__ import annotations

import json

from local.tools import generated


def test_the_types_are_nothing_but_typescript():
    first_line, *lines = generated.TYPES.read_text().splitlines()
    assert first_line == "import type {"
    assert lines[lines.index("} from './documents.ts'") + 2].startswith("export type Json =")
    assert generated.DOCUMENTS.read_text().splitlines()[3] == "export type Json ="


def test_the_description_names_every_function_of_the_contract():
    paths = json.loads(generated.OPENAPI.read_text())["paths"]
    functions = {path.removeprefix("/rpc/") for path in paths if path.startswith("/rpc/")}
    contract = {"run_analysis", "generate_script", "check_compliance", "cancel_job", "account"}
    contract |= {"adopt_starter_rules", "restore_script_version", "delete_account"}
    contract |= {"import_products", "share_pack", "revoke_share", "shared_pack"}
    contract |= {"pack_csv", "pack_markdown", "shared_pack_csv", "shared_pack_markdown"}
    contract |= {"members", "score_record", "service_score_record"}
    contract |= {"create_api_key", "revoke_api_key", "rotate_webhook_secret", "test_webhook"}
    assert contract | {"export_account"} == functions
