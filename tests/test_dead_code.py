"""Nothing in the program is left that nothing calls."""

from __future__ import annotations

import ast
from pathlib import Path

from vulture import Vulture

ROOT = Path(__file__).parent.parent
SHIPPED = ("bot", "chainlib")
USERS = ("bench", "fuzz", "playground")
CALLED_BY_NAME = (
    # asyncio's protocols, aiohttp's and the Azure SDK's policies
    *("buffer_updated", "connection_lost", "connection_made", "eof_received", "get_buffer"),
    *("get_token", "makefile", "on_request", "on_response"),
    # pydantic, SQLAlchemy, sqlite3, Rich, slack_sdk
    *("cache_ok", "impl", "model_config", "process_bind_param", "process_result_value"),
    *("executemany", "isolation_level", "on_broken_pipe", "settings_customise_sources", "wss_uri"),
    *("settings_cls", "env_settings", "dotenv_settings", "file_secret_settings", "trace"),
    # DBOS and logging
    *("deserialize", "msg", "exc_text", "_BACKGROUND_JOBS_INTERVAL_SEC", "_polling_interval_sec"),
    *("_STARTUP_FAST_POLL_DURATION_SEC", "get_queue"),
    # Python (PEP 562, methods of frozen values that copy and pickle call), argparse
    *("__getattr__", "__delattr__", "__getstate__", "__setstate__", "formatter_class"),
)
NAMED_IN_A_TYPE = ("MessageObserver", "padding")
FOUND_BY_VALUE = ("TLS_1_1",)
CHOSEN_BY_A_SETTING = (
    *("AT_LEAST_ONCE", "CHINA", "CLI", "DEFAULT", "STATIC", "USGOV", "WORKLOAD_IDENTITY"),
)


KNOWN = frozenset((*CALLED_BY_NAME, *NAMED_IN_A_TYPE, *FOUND_BY_VALUE, *CHOSEN_BY_A_SETTING))
CALLED_BY_DECORATOR = ("@app.*", "@db.*", "@*.middleware", "@field_validator", "@*_validator")
_NAMES_NOTHING = (ast.expr_context, ast.operator, ast.cmpop, ast.boolop, ast.unaryop, ast.Constant)


class _Scan(Vulture):
    """Leaves out the third of all nodes that define nothing and use nothing."""

    def visit(self, node: ast.AST) -> None:
        """Look at a node and those in it."""
        if not isinstance(node, _NAMES_NOTHING):
            super().visit(node)


def test_shipped_code_is_all_called() -> None:
    # Known names are left out below: as `ignore_names` each is compared with each definition.
    scan = _Scan(ignore_decorators=[*CALLED_BY_DECORATOR])
    scan.scavenge([str(ROOT / room) for room in (*SHIPPED, *USERS)], exclude=["*/migrations/*"])
    shipped = tuple(str(ROOT / room) for room in SHIPPED)
    found = [
        f"{Path(item.filename).relative_to(ROOT)}:{item.first_lineno} {item.name}"
        for item in scan.get_unused_code(min_confidence=60)
        if str(item.filename).startswith(shipped) and item.name not in KNOWN
    ]
    assert found == []
