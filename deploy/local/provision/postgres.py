"""One database, and in it one schema and one login role per service; no role sees another's schema."""

from collections.abc import Mapping
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

SERVICES = ("intake", "workflow", "logistics", "notifications")
DATABASE = "aftersales"


def with_login(dsn: str, *, role: str | None = None, password: str | None = None, database: str) -> str:
    """Return ``dsn`` with another database and, if given, another login."""
    parts = urlsplit(dsn)
    place = parts.netloc.rpartition("@")[2]
    login = parts.netloc.rpartition("@")[0] if role is None else f"{quote(role)}:{quote(password or '', safe='')}"
    return urlunsplit(parts._replace(netloc=f"{login}@{place}" if login else place, path=f"/{database}"))


async def create_database(admin_dsn: str, database: str = DATABASE, *, template: str | None = None) -> str:
    """Create the database unless it exists, closed to everybody but its owner; return the administrator's DSN for it."""
    connection = await asyncpg.connect(admin_dsn)
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", database):
            statement = "SELECT format('CREATE DATABASE %I', $1::text)"
            if template is not None:
                statement = "SELECT format('CREATE DATABASE %I TEMPLATE %I', $1::text, $2::text)"
            await connection.execute(await connection.fetchval(statement, database, *([template] if template else [])))
        await connection.execute(await connection.fetchval("SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', $1::text)", database))
    finally:
        await connection.close()
    return with_login(admin_dsn, database=database)


async def create_role_and_schema(admin_dsn: str, service: str, password: str) -> str:
    """Create the service's role and schema in the database of ``admin_dsn``, set the password, and return the service's own DSN."""
    connection = await asyncpg.connect(admin_dsn)
    try:
        database = await connection.fetchval("SELECT current_database()")
        if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", service):
            await _run(connection, "CREATE ROLE %I LOGIN", service)
        await _run(connection, "ALTER ROLE %I LOGIN PASSWORD %L", service, password)
        if not await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
            # An administrator who is no superuser may only create what belongs to a role it is a member of.
            await _run(connection, "GRANT %I TO CURRENT_USER", service)
        await _run(connection, "GRANT CONNECT ON DATABASE %I TO %I", database, service)
        await _run(connection, "CREATE SCHEMA IF NOT EXISTS %I AUTHORIZATION %I", service, service)
        await _run(connection, "ALTER ROLE %I IN DATABASE %I SET search_path = %I", service, database, service)
    finally:
        await connection.close()
    return with_login(admin_dsn, role=service, password=password, database=database)


async def create_all(admin_dsn: str, passwords: Mapping[str, str], database: str = DATABASE) -> dict[str, str]:
    """Create the database with the roles and schemas of all services; return the DSN of each service."""
    dsn = await create_database(admin_dsn, database)
    return {service: await create_role_and_schema(dsn, service, passwords[service]) for service in SERVICES}


async def drop_database(admin_dsn: str, database: str) -> None:
    """Drop a database and end the sessions in it; nothing happens if there is none."""
    connection = await asyncpg.connect(admin_dsn)
    try:
        await _run(connection, "DROP DATABASE IF EXISTS %I WITH (FORCE)", database)
    finally:
        await connection.close()


async def _run(connection: "asyncpg.Connection[asyncpg.Record]", statement: str, *names: str) -> None:
    """Run a statement that takes no parameters (DDL) with its names and literals quoted by the server."""
    marks = ", ".join(f"${number}::text" for number in range(2, len(names) + 2))
    await connection.execute(await connection.fetchval(f"SELECT format($1, {marks})", statement, *names))
