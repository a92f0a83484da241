"""Migrations: the kit's tables, then a service's own, forward only, safe to run from several processes at once.

Versions are alembic files whose ``upgrade()`` executes raw SQL with unqualified names; ``search_path`` is the schema.
"""

from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import psycopg
import sqlalchemy as sa
from alembic.config import Config
from alembic.operations import Operations
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from cyclopts import App, Parameter

KIT_HISTORY = "services.kit.migrations"

app = App(name="migrate", help="Apply the migrations of one schema.")


def apply_migrations(dsn: str, schema: str, package: str | None = None, *, until: str = "head") -> None:
    """Bring ``schema`` to the newest version: the kit's history, then that of ``package`` (such as ``services.intake.migrations``).

    ``until`` ends the package's history at an earlier version, for those who want to see an upgrade.

    Repeatable, and concurrent runs wait for each other. The role needs CREATE on the schema, or on the database if the schema is to be made.
    """
    engine = sa.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(dsn), poolclass=sa.NullPool)
    with engine.begin() as connection:
        # One transaction for all of it: a failed version leaves nothing behind.
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"migrate/{schema}"})
        _ensure_schema(connection, schema)
        connection.execute(sa.text("SELECT set_config('search_path', quote_ident(:schema), true)"), {"schema": schema})
        _upgrade(connection, schema, KIT_HISTORY, version_table="kit_version")
        if package is not None:
            _upgrade(connection, schema, package, version_table="service_version", until=until)


def _ensure_schema(connection: sa.Connection, schema: str) -> None:
    exists = connection.scalar(sa.text("SELECT 1 FROM pg_namespace WHERE nspname = :schema"), {"schema": schema})
    if not exists:
        connection.execute(sa.schema.CreateSchema(schema))


def _upgrade(connection: sa.Connection, schema: str, package: str, *, version_table: str, until: str = "head") -> None:
    folder = Path(next(iter(import_module(package).__path__)))
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)

    def steps(revision: Any, _context: Any) -> Any:
        return script._upgrade_revs(until, revision)  # noqa: SLF001 - alembic's own upgrade command passes the same callback

    with EnvironmentContext(config, script, fn=steps) as environment:
        environment.configure(connection=connection, version_table=version_table, version_table_schema=schema)
        with Operations.context(environment.get_context()):
            environment.run_migrations()


@app.default
def migrate(*, dsn: Annotated[str, Parameter(env_var="AFTERSALES_MIGRATE_DSN")], schema: str, package: str | None = None) -> None:
    """Apply the migrations of one schema.

    Args:
        dsn: where the database is, as a role that owns the schema.
        schema: the schema to bring up to date.
        package: the package with the service's own versions, such as services.intake.migrations.
    """
    apply_migrations(dsn, schema, package)


if __name__ == "__main__":
    app()
